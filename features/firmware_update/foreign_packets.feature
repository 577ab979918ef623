Feature: A Device takes nothing but what was announced
  Others send on the same channel, and what comes under the right name need not be the right thing. A Device goes by
  session and source, and by the size and the digest that were announced.

  Background:
    Given the population "two Devices"

  Rule: Packets of others do not disturb a Device

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario Outline: A Device that hears <somebody else> on its channel installs the <campaign>
      Given Device "D1" hears <somebody else> on its channel
      When the Service Provider broadcasts campaign "<campaign>"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: who else sends
        | somebody else   | campaign     |
        | another session | spring-patch |
        | a stranger      | spring-patch |
        | another session | small-image  |
        | a stranger      | early-flute  |

    @req.FU-NF-3 @req.FU-AF-1 @flow.exceptional @role.device
    Scenario Outline: A Device that hears <somebody else> on its channel has nothing to report
      Given campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" hears <somebody else> on its channel
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" and "D2" send no report

      Examples: who else sends
        | somebody else   |
        | another session |
        | a stranger      |

  Rule: A Device uses nothing whose size or digest is not the announced one

    @req.FU-NF-3 @req.FU-AF-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <receives something else> reports 402 and keeps its firmware
      Given campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" <receives something else>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 402
      And Device "D2" sends no report

      Examples: what is not as announced
        | receives something else                    |
        | receives the package with one bit wrong    |
        | receives another package than was announced |
        | receives the Command with one bit wrong    |
        | receives a file table with a larger package |
