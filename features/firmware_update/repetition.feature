Feature: Repetitions belong to one campaign
  A broadcast has no acknowledgement, so everything is sent several times. One SessionID is one action.

  Rule: Repetitions of a notification cause one action

    @req.FU-NF-1 @flow.alternative @role.device @golden
    Scenario: A Device that hears six notifications of a campaign reports once
      Given the population "one Device"
      And campaign "repeated-settings" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the DM Server broadcasts provisioning data "repeated-settings"
      Then campaign "repeated-settings" is on the air 6 times
      And Device "D1" sends exactly one report
      And the traffic matches the golden recording

    @req.FU-NF-1 @flow.alternative @role.device
    Scenario: A Device that hears six notifications of an update installs and reports it once
      Given the population "one Device"
      And campaign "long-carousel" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "long-carousel"
      Then Device "D1" sends exactly one report
      And the status log of Device "D1" holds campaign "long-carousel" with result 200

  Rule: A campaign that is announced once is one action too

    @req.FU-NF-1 @req.FU-POST-1 @flow.normal @role.device
    Scenario: A Device that hears one notification and cannot install the update reports that
      Given the population "one Device"
      And Device "D1" has an installer that fails
      And campaign "announced-once" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "announced-once"
      Then the report of Device "D1" carries result 410
      And Device "D1" runs firmware 1.0

  Rule: The Service Provider repeats what it sends, and numbers its campaigns

    @req.FU-P-1 @flow.normal @role.provider
    Scenario: The Service Provider repeats the notification and every symbol
      Given the population "one Device"
      When the Service Provider broadcasts campaign "spring-patch"
      Then campaign "spring-patch" is on the air 2 times

    @req.FU-P-1 @req.FU-GAP-5 @flow.normal @role.provider
    Scenario: The Service Provider gives each campaign a higher sequence number
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      When the Service Provider broadcasts campaign "spring-patch"
      Then each campaign has a higher sequence number than the one before
