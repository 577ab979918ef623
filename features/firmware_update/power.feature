Feature: A loss of power leaves the old version or the new one, and one report
  The Device must be on. When its power goes and comes back, it goes on where it was: what it has received it need not
  receive again, what it was installing is the old version or the new one, and what it owes as a report it sends once.

  Rule: A Device that is on from before the notification until its result is known takes part

    @req.FU-PRE-2 @req.FU-PRE-3 @flow.normal @role.device
    Scenario: A Device that is on all the time installs the update and reports once
      Given the population "one Device"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report

  Rule: What is lost with the power during the download comes round again

    @req.FU-PRE-2 @flow.exceptional @role.device
    Scenario: A Device that loses power during the download completes it from the next cycles
      Given the population "one Device"
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" loses one symbol of the package
      And Device "D1" loses power during the download
      When the Service Provider broadcasts campaign "long-carousel"
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

    @req.FU-PRE-2 @flow.exceptional @role.device
    Scenario: A Device that is off for a part of the carousel completes the download
      Given the population "two Devices"
      And Device "D2" loses one symbol of the package
      When Device "D2" is switched off and on again while campaign "long-carousel" is on the air
      Then Devices "D1" and "D2" run firmware 2.0

  Rule: After a loss of power in an installation a Device runs the old version or the new one, and says which

    @req.FU-PRE-2 @req.FU-NF-4 @flow.exceptional @role.device
    Scenario Outline: A Device that loses power <at a moment> has the new firmware in the end, and reports once
      Given the population "one Device"
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" loses power <at a moment>
      When the Service Provider broadcasts campaign "long-carousel"
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200
      And the status log of Device "D1" holds campaign "long-carousel" with result 200

      Examples: moments of an installation
        | at a moment                     |
        | before the Command is noted     |
        | while writing the new image     |
        | before the new version is noted |

    @req.FU-PRE-2 @flow.exceptional @role.device @needs.software-components
    Scenario Outline: A Device that loses power <at a moment> has the new player in the end
      Given the population "one Device"
      And campaign "repeated-player-update" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" loses power <at a moment>
      When the Service Provider broadcasts campaign "repeated-player-update"
      Then Device "D1" runs version 3.2 of the software component player
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 1200

      Examples: moments of an installation
        | at a moment                     |
        | while writing the new image     |
        | before the new version is noted |

    @req.FU-PRE-2 @flow.exceptional @role.device
    Scenario: A Device whose installer fails after a loss of power keeps the old firmware, and says so once
      Given the population "one Device"
      And campaign "long-carousel" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" has an installer that fails
      And Device "D1" loses power before the Command is noted
      When the Service Provider broadcasts campaign "long-carousel"
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 410

  Rule: A report that is due when the power goes is sent once, at the time that was drawn

    @req.FU-PRE-2 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: A Device that loses power while it waits to report keeps its deadline
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 600 ms to 600 ms after the end of transmission
      And Device "D2" loses power while waiting to report
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" and "D2" send exactly one report
      And the reports of Devices "D1" and "D2" arrive 600 ms to 600 ms after the end of transmission

    @req.FU-PRE-2 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: A Device that failed and loses power while it waits reports its failure once
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports on failure only, 300 ms to 400 ms after the end of transmission
      And Device "D2" has an installer that fails
      And Device "D2" loses power while waiting to report
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D2" sends exactly one report
      And the report of Device "D2" carries result 410
      And Device "D1" sends no report
      And the reports of Devices "D2" arrive 300 ms to 400 ms after the end of transmission

    @req.FU-PRE-2 @flow.exceptional @role.device
    Scenario: A Device that has reported does not report again after a restart
      Given the population "one Device"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 0 ms after the end of transmission
      And campaign "spring-patch" has been broadcast
      When Device "D1" is switched off and on again
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report
