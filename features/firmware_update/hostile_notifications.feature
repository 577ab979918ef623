Feature: Hostile notifications have no effect
  Anybody can send on a broadcast channel. What counts is who signed it, whether it is new, and whether it is in time.

  Rule: A Device trusts the registered provider's signature and nothing else

    @req.FU-GAP-5 @flow.normal @role.device @golden
    Scenario: A Device acts on a campaign that is fresh, authentic and in time
      Given the population "one Device"
      When the Service Provider broadcasts campaign "small-image"
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

    @req.FU-GAP-5 @req.FU-GAP-3 @flow.exceptional @role.device
    Scenario: A Device does not act on a forged notification
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When a hostile sender broadcasts campaign "spring-patch" with another key
      Then Devices "D1" and "D2" run firmware 1.0
      And no Device joins the delivery channel
      And Devices "D1" and "D2" send no report

  Rule: A Device does not go back to what is over

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not act on the replay of an older campaign
      Given the population "two Devices"
      And campaign "home-settings" has been broadcast
      And campaign "roaming-settings" has been broadcast
      When an unknown sender replays campaign "home-settings"
      Then the node ./Settings/Apn of Devices "D1" and "D2" reads roam.example

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device that has reported does not report again on a replay
      Given the population "one Device"
      And campaign "home-settings" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And campaign "home-settings" has been broadcast
      When an unknown sender replays campaign "home-settings"
      Then Device "D1" sends exactly one report

    @req.FU-GAP-5 @flow.exceptional @role.device @golden
    Scenario Outline: A Device does not act on a campaign with <flaw>
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then Device "D1" runs firmware 1.0
      And the traffic matches the golden recording

      Examples: numbers that are not new
        | flaw                                           |
        | the sequence number of the last campaign       |
        | a lower sequence number than the last campaign |

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: An old campaign that is repeated for ever does not win over the newer one
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      When a hostile sender repeats the campaigns before it for ever while campaign "roaming-settings" is on the air
      Then the node ./Settings/Apn of Device "D1" reads roam.example

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not act twice on a notification that comes on the delivery channel as well
      Given the population "one Device"
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When a hostile sender repeats its notification on the delivery channel while campaign "long-carousel" is on the air
      Then Device "D1" sends exactly one report
      And Device "D1" runs firmware 2.0

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not act on a notification that has expired
      Given the population "two Devices"
      When the Service Provider broadcasts campaign "spring-patch" after it has expired
      Then Devices "D1" and "D2" run firmware 1.0
      And no Device joins the delivery channel

    @req.FU-GAP-5 @flow.exceptional @role.device @needs.software-components @golden
    Scenario: A Device does not act on a notification for software that has expired
      Given the population "one Device"
      When the Service Provider broadcasts campaign "player-update" after it has expired
      Then Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

    @req.FU-GAP-5 @flow.exceptional @role.device @golden
    Scenario: A Device does not take up a campaign whose sender kept it back until it had expired
      Given the population "one Device"
      When a hostile sender broadcasts campaign "small-image" with an expiry that has passed
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0
      And the traffic matches the golden recording

  Rule: A Device goes on with what is meant for it, whatever arrives beside it

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device completes an update in the middle of a flood of forgeries
      Given the population "one Device"
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When a hostile sender sends 2,000 forged notifications while campaign "long-carousel" is on the air
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report

    @req.FU-GAP-1 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device completes an update in the middle of a storm of campaigns for others
      Given the population "two Devices"
      And Device "D2" is of another model
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When a hostile sender announces 300 campaigns for other Devices while campaign "long-carousel" is on the air
      Then only Device "D1" joins the delivery channel
      And Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report
      And Device "D2" sends no report
