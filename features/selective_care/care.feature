Feature: The DM Server cares for the Devices that reported a failure
  Care goes to the Devices that reported, in the session that they opened, as the schedule in the server says.

  Rule: Exactly the Devices that reported receive care

    @req.SC-NF-6 @flow.normal @role.provider
    Scenario: When no Device fails, the DM Server cares for none
      Given the population "twenty Devices"
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for no Device

    @req.SC-NF-6 @flow.normal @role.provider
    Scenario: When one Device fails, the DM Server cares for that one
      Given the population "twenty Devices"
      And Device "D7" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Device "D7" only

    @req.SC-NF-6 @flow.alternative @role.provider
    Scenario: When some Devices fail, the DM Server cares for those
      Given the population "twenty Devices"
      And Devices "D3", "D9" and "D20" lack the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Devices "D3", "D9" and "D20" only

    @req.SC-NF-6 @flow.exceptional @role.provider
    Scenario: When every Device fails, the DM Server cares for each once
      Given the population "twenty Devices"
      And Devices "D1" to "D20" lack the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Devices "D1" to "D20" only

    @req.SC-NF-6 @flow.exceptional @role.provider @golden
    Scenario: A Device that reported success receives no care
      Given the population "two Devices"
      And campaign "roaming-settings" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Devices "D1" and "D2" send exactly one report
      And the DM Server cares for Device "D2" only
      And the traffic matches the golden recording

  Rule: A Device is handled as the schedule in the server says

    @req.SC-POST-1 @flow.normal @role.system @golden
    Scenario: After care, a Device that failed matches the others
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node ./Settings/Proxy of Devices "D1" and "D2" reads 192.0.2.7
      And the Service Provider's record of Device "D2" for campaign "roaming-settings" says restored
      And the traffic matches the golden recording

    @req.SC-POST-1 @flow.alternative @role.provider @golden
    Scenario: The DM Server escalates where the schedule says so
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "all-or-nothing"
      Then the DM Server cares for no Device
      And the Service Provider's record of Device "D2" for campaign "all-or-nothing" says needs attention
      And the traffic matches the golden recording

    @req.SC-POST-1 @flow.exceptional @role.system @golden
    Scenario: A Device that care cannot help needs attention
      Given the population "two Devices"
      And Device "D2" keeps the setting ./Settings/Apn as it is
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Device "D2" only
      And the Service Provider's record of Device "D2" for campaign "roaming-settings" says needs attention
      And the traffic matches the golden recording
