Feature: A firmware update reaches the Devices it is meant for
  The Service Provider announces an update on the notification channel and broadcasts the Command and the package
  on the delivery channel. A Device for which it is meant installs it; every other Device lets it pass.

  Rule: A Device acts on the notification of an update that is meant for it

    @req.FU-NF-1 @req.FU-NF-4 @flow.normal @role.device @golden
    Scenario: A Device installs an update that is meant for it
      Given the population "one Device"
      When the Service Provider broadcasts campaign "spring-patch"
      Then the traffic matches the golden recording
      And Device "D1" runs firmware 2.0

    @req.FU-POST-1 @flow.normal @role.device @golden
    Scenario: A Device reports its success when everybody is asked
      Given the population "one Device"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the traffic matches the golden recording
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

    @req.FU-NF-5 @flow.normal @role.device
    Scenario: A Device keeps the result in its status log
      Given the population "one Device"
      When the Service Provider broadcasts campaign "spring-patch"
      Then the status log of Device "D1" holds campaign "spring-patch" with result 200

    @req.FU-NF-5 @flow.exceptional @role.device
    Scenario: A Device keeps a failure in its status log
      Given the population "one Device"
      And Device "D1" has an installer that fails
      When the Service Provider broadcasts campaign "spring-patch"
      Then the status log of Device "D1" holds campaign "spring-patch" with result 410

  Rule: A Device identifies the updates that are relevant to it

    @req.FU-NF-2 @req.FU-GAP-1 @flow.normal @role.device
    Scenario: Of three Devices only the one that matches updates
      Given the population "three Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D2" is of another model
      And Device "D3" has firmware 0.9
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 1.0
      And Device "D3" runs firmware 0.9
      And Device "D1" sends exactly one report
      And Devices "D2" and "D3" send no report

    @req.FU-NF-2 @req.FU-GAP-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <differs> never joins the delivery channel
      Given the population "two Devices"
      And Device "D2" <differs>
      When the Service Provider broadcasts campaign "spring-patch"
      Then only Device "D1" joins the delivery channel
      And Device "D2" sends no report

      Examples: what the announcement does not match
        | differs                    |
        | is of another manufacturer |
        | is of another model        |
        | has other hardware         |
        | has firmware 0.9           |

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario Outline: A Device with <installed> keeps it
      Given the population "two Devices"
      And Device "D2" has <installed>
      When the Service Provider broadcasts campaign "small-image"
      Then only Device "D1" joins the delivery channel
      And Device "D2" runs <installed>
      And the traffic matches the golden recording

      Examples: nothing to gain
        | installed    |
        | firmware 2.0 |
        | firmware 3.0 |

  Rule: A Device downloads the Command and the package from the broadcast channel

    @req.FU-NF-3 @flow.normal @role.device
    Scenario Outline: A Device puts <a package> together
      Given the population "one Device"
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs firmware 2.0

      Examples: sizes and versions of FLUTE
        | a package              | campaign    |
        | a package of 1 symbol  | small-image |
        | a package of 147 symbols | large-image |
        | a package in version 1 | early-flute |

    @req.FU-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device repairs a lost symbol from the next cycle
      Given the population "one Device"
      And Device "D1" loses one symbol of the package
      When the Service Provider broadcasts campaign "spring-patch"
      Then the traffic matches the golden recording
      And Device "D1" runs firmware 2.0

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device that lost the first file table waits for the next
      Given the population "one Device"
      And Device "D1" loses the first file table
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 2.0

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device in a poor place collects what it hears of every cycle
      Given the population "one Device"
      And Device "D1" loses a fifth of all packets
      When the Service Provider broadcasts campaign "long-carousel"
      Then Device "D1" runs firmware 2.0
