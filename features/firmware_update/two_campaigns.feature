Feature: Two campaigns are on the air at once
  They share the channels. Each has a session of its own, so that a Device can tell their packets apart.

  Rule: A Device carries out both campaigns

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device takes firmware and settings from two sessions at once
      Given the population "two Devices"
      When the Service Provider broadcasts campaigns "spring-patch" and "home-settings" at once
      Then Devices "D1" and "D2" run firmware 2.0
      And the node ./Settings/Apn of Devices "D1" and "D2" reads home.example

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device in a poor place keeps two sessions apart
      Given the population "one Device"
      And Device "D1" loses a fifth of all packets
      When the Service Provider broadcasts campaigns "long-carousel" and "repeated-settings" at once
      Then Device "D1" runs firmware 2.0
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.7

    @req.FU-NF-3 @req.FU-NF-2 @flow.exceptional @role.device
    Scenario: Each of two Devices takes the campaign that is meant for it
      Given the population "two Devices"
      And Device "D2" has firmware 0.9
      When the Service Provider broadcasts campaigns "spring-patch" and "player-for-all" at once
      Then Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 0.9

    @req.FU-NF-3 @req.FU-POST-1 @flow.exceptional @role.device
    Scenario: A Device that fails in one of two campaigns reports that one
      Given the population "one Device"
      And campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" has an installer that fails
      When the Service Provider broadcasts campaigns "spring-patch" and "home-settings" at once
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 410

  Rule: The Service Provider keeps two campaigns apart

    @req.FU-P-1 @flow.alternative @role.provider
    Scenario Outline: Of two campaigns at once, <campaign> is whole
      Given the population "one Device"
      When the Service Provider broadcasts campaigns "spring-patch" and "home-settings" at once
      Then campaign "<campaign>" is on the air 2 times

      Examples: both
        | campaign      |
        | spring-patch  |
        | home-settings |

    @req.FU-P-1 @req.FU-GAP-5 @flow.alternative @role.provider
    Scenario: Two campaigns at once have sequence numbers one above the other
      Given the population "one Device"
      When the Service Provider broadcasts campaigns "spring-patch" and "home-settings" at once
      Then each campaign has a higher sequence number than the one before

    @req.FU-P-2 @req.FU-P-1 @flow.alternative @role.provider
    Scenario: The results of two campaigns at once are recorded each for its own
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D2" lacks the setting ./Settings/Proxy
      When the Service Provider broadcasts campaigns "spring-patch" and "roaming-settings" at once
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D1" for campaign "roaming-settings" says unknown
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D2" for campaign "roaming-settings" says restored

    @req.SC-NF-6 @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: A report about one campaign leads to no care for the other
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" has an installer that fails
      And Device "D2" lacks the setting ./Settings/Proxy
      When the Service Provider broadcasts campaigns "spring-patch" and "roaming-settings" at once
      Then the DM Server cares for Device "D2" only
      And the Service Provider's record of Device "D1" for campaign "roaming-settings" says unknown
