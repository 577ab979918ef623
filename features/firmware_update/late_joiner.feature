Feature: A Device may come late
  The Device must be on and listening. What it missed comes round again, until the last repetition has passed.

  Rule: A Device that joins in the middle of the carousel completes from the next cycles

    @req.FU-PRE-2 @req.FU-PRE-3 @flow.alternative @role.device
    Scenario: A Device that is switched on in mid-carousel installs the update
      Given the population "two Devices"
      And Device "D2" is switched off
      When Device "D2" is switched on while campaign "long-carousel" is on the air
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
