Feature: A Device may come late
  The Device must be on and listening. What it missed comes round again, until the last repetition has passed.

  Rule: A Device that joins in the middle of the carousel completes from the next cycles

    @req.FU-PRE-2 @req.FU-PRE-3 @flow.alternative @role.device
    Scenario: A Device that is switched on in mid-carousel installs the update
      Given the population "two Devices"
      And Device "D2" is switched off
      When Device "D2" is switched on while campaign "long-carousel" is on the air
      Then Devices "D1" and "D2" run firmware 2.0

    @req.FU-PRE-3 @flow.alternative @role.device
    Scenario: A Device that leaves the channel and joins again installs the update
      Given the population "two Devices"
      And Device "D2" loses one symbol of the package
      When Device "D2" leaves and rejoins the channel while campaign "long-carousel" is on the air
      Then Devices "D1" and "D2" run firmware 2.0

  Rule: A Device that joins after the last repetition keeps what it has, and silence is not taken for success

    @req.FU-PRE-3 @flow.exceptional @role.device
    Scenario: A Device that is switched on too late keeps its firmware
      Given the population "two Devices"
      And Device "D2" is switched off
      And campaign "spring-patch" has been broadcast
      When Device "D2" is switched on
      Then Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 1.0
      And Device "D2" sends no report

    @req.FU-P-2 @req.FU-PRE-3 @flow.exceptional @role.provider
    Scenario: The Service Provider does not take silence for success
      Given the population "two Devices"
      And Device "D2" is switched off
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says unknown

    @req.FU-PRE-2 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device that is switched on after the expiry does nothing, though the carousel still turns
      Given the population "two Devices"
      And Device "D2" is switched off
      When Device "D2" is switched on after the expiry while campaign "short-lived" is on the air
      Then Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 1.0

  Rule: A Device hears only what it was configured for and registered with

    @req.FU-PRE-3 @flow.exceptional @role.device
    Scenario: A Device that listens on another group receives nothing
      Given the population "two Devices"
      And Device "D2" listens on another group
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then only Device "D1" joins the delivery channel
      And Device "D2" sends no report

    @req.FU-PRE-1 @flow.exceptional @role.device
    Scenario: A Device whose registration is withdrawn after the notification ends the campaign in silence
      Given the population "two Devices"
      And campaign "slow-start" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When Device "D2" loses its registration while campaign "slow-start" is on the air
      Then Device "D1" sends exactly one report
      And Device "D2" sends no report
