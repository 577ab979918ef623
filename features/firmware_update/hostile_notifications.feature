Feature: Hostile notifications have no effect
  Anybody can send on a broadcast channel. What counts is who signed it, whether it is new, and whether it is in time.

  Rule: A Device trusts the registered provider's signature and nothing else

    @req.FU-GAP-5 @req.FU-GAP-3 @flow.exceptional @role.device
    Scenario: A Device does not act on a forged notification
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When an unknown sender broadcasts campaign "spring-patch" in the Service Provider's name
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

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not act on a notification that has expired
      Given the population "two Devices"
      When the Service Provider broadcasts campaign "spring-patch" after it has expired
      Then Devices "D1" and "D2" run firmware 1.0
      And no Device joins the delivery channel
