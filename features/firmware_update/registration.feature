Feature: A Device acts for the provider that it is registered with
  Registration gives a Device the provider's name, the account of the digest, and the keys that it trusts. Without all of
  them it acts on nothing.

  Rule: A registered Device takes part

    @req.FU-PRE-1 @flow.normal @role.device @golden
    Scenario: A registered Device carries out its provider's campaign and reports
      Given the population "one Device"
      And campaign "small-image" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "small-image"
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report
      And the traffic matches the golden recording

  Rule: A Device that is not registered does nothing

    @req.FU-PRE-1 @flow.exceptional @role.device @golden
    Scenario Outline: A Device that <condition> acts on nothing
      Given the population "two Devices"
      And Device "D2" <condition>
      And campaign "small-image" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "small-image"
      Then only Device "D1" joins the delivery channel
      And Device "D2" sends no report
      And the traffic matches the golden recording

      Examples: who does not know the Service Provider, or no longer
        | condition                               |
        | is not registered for updates           |
        | is registered with another provider     |
        | has replaced the provider's trust anchor |

    @req.FU-PRE-1 @flow.exceptional @role.device @golden
    Scenario: A Device does not act for a provider that it does not know, whatever its keys
      Given the population "one Device"
      When a hostile sender broadcasts campaign "small-image" with another server identifier
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0
      And the traffic matches the golden recording
