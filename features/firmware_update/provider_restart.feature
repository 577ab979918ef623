Feature: The Service Provider restarts and forgets nothing
  A loss of power may end the Service Provider at any moment. When it is back, it goes on with what was on the air, under
  the same numbers, and it knows every result that a Device has told.

  Rule: A campaign that was on the air goes on as the same campaign

    @req.FU-P-1 @flow.exceptional @role.system
    Scenario Outline: <A Device> completes an update whose carousel was broken off
      Given the population "two Devices"
      And <condition>
      When the Service Provider restarts in the middle of campaign "spring-patch"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: what was heard before
        | A Device                            | condition                              |
        | A Device that hears everything      | Device "D2" has firmware 1.0           |
        | A Device that lost the first table  | Device "D2" loses the first file table |
        | A Device that lost a symbol         | Device "D2" loses one symbol of the package |

    @req.FU-P-1 @req.FU-GAP-5 @flow.exceptional @role.provider
    Scenario Outline: A Service Provider that restarts in the middle of <a campaign> keeps its numbers
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      When the Service Provider restarts in the middle of campaign "<campaign>"
      Then each campaign has a higher sequence number than the one before

      Examples: what was on the air
        | a campaign        | campaign         |
        | a firmware update | spring-patch     |
        | a software update | player-update    |
        | provisioning data | roaming-settings |

    @req.FU-P-1 @req.FU-POST-1 @flow.exceptional @role.system
    Scenario: A Device that heard a campaign before and after a restart reports once
      Given the population "one Device"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider restarts in the middle of campaign "spring-patch"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

  Rule: A Service Provider that restarted numbers what comes next above everything before

    @req.FU-GAP-5 @req.FU-P-1 @flow.exceptional @role.provider
    Scenario: The first campaign after a restart has a higher sequence number
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      When the Service Provider restarts before campaign "spring-patch"
      Then each campaign has a higher sequence number than the one before

    @req.FU-GAP-5 @req.FU-P-1 @flow.exceptional @role.system
    Scenario: A Device accepts the first campaign after a restart
      Given the population "two Devices"
      And campaign "home-settings" has been broadcast
      When the Service Provider restarts before campaign "spring-patch"
      Then Devices "D1" and "D2" run firmware 2.0

  Rule: What a Device has told outlives a restart

    @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: Results and unknowns are the same after a restart
      Given the population "three Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D2" has an installer that fails
      And Device "D3" is switched off
      And campaign "spring-patch" has been broadcast
      When the Service Provider restarts before campaign "home-settings"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says needs attention
      And the Service Provider's record of Device "D3" for campaign "spring-patch" says unknown
