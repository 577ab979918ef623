Feature: Provisioning survives a loss of power
  Settings are taken over wholly or as far as the Command could be carried out, whatever happens to the power meanwhile,
  and a failure is reported once.

  Rule: A Device that loses power in the middle carries the provisioning out all the same

    @req.SC-NF-3 @flow.exceptional @role.device
    Scenario: A Device that loses power with the Command in hand has all settings in the end
      Given the population "one Device"
      And Device "D1" loses power before the Command is noted
      When the DM Server broadcasts provisioning data "repeated-settings"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.7
      And Device "D1" sends no report

    @req.SC-NF-3 @flow.exceptional @role.device
    Scenario: A Device that loses power with an Atomic in hand has all of it in the end
      Given the population "one Device"
      And Device "D1" loses power before the Command is noted
      When the DM Server broadcasts provisioning data "repeated-all-or-nothing"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.7

    @req.SC-NF-3 @flow.exceptional @role.device
    Scenario: A Device that fails around a loss of power reports the failure once
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      And Device "D2" loses power before the Command is noted
      When the DM Server broadcasts provisioning data "repeated-settings"
      Then Device "D2" sends exactly one report
      And the report of Device "D2" carries result 404
      And Device "D1" sends no report
