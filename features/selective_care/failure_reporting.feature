Feature: Only Devices that failed in provisioning report
  Provisioning data goes to many Devices at once, with a schedule for exceptional situations. A Device whose
  provisioning went well says nothing; a Device that failed reports as the schedule says.

  Rule: Provisioning without exception is not reported

    @req.SC-SD-1 @req.SC-NF-2 @req.SC-NF-3 @flow.normal @role.device
    Scenario: Twenty Devices take over the settings and send no report
      Given the population "twenty Devices"
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node ./Settings/Apn of Devices "D1" to "D20" reads roam.example
      And the node ./Settings/Proxy of Devices "D1" to "D20" reads 192.0.2.7
      And Devices "D1" to "D20" send no report

  Rule: A Device that failed reports the failing node over the interaction channel

    @req.SC-NF-4 @req.SC-NF-5 @flow.normal @role.device @golden
    Scenario: A Device that lacks a setting reports it
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the traffic matches the golden recording
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 404
      And the report of Device "D1" names ./Settings/Proxy with status 404

    @req.SC-NF-5 @req.SC-SD-1 @flow.exceptional @role.device
    Scenario: Among twenty Devices only the one that failed reports
      Given the population "twenty Devices"
      And Device "D13" keeps the setting ./Settings/Apn as it is
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D13" sends exactly one report
      And the report of Device "D13" names ./Settings/Apn with status 425
      And Devices "D1" to "D12", "D14" to "D20" send no report

    @req.SC-NF-5 @flow.exceptional @role.device
    Scenario: When every Device fails, every Device reports inside the scheduled window
      Given the population "twenty Devices"
      And Devices "D1" to "D20" lack the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Devices "D1" to "D20" send exactly one report
      And the reports of Devices "D1" to "D20" arrive 0 ms to 150 ms after the end of transmission

  Rule: The most specific rule of the schedule decides

    @req.SC-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device stays silent where the schedule says so
      Given the population "two Devices"
      And Device "D1" lacks the setting ./Settings/Proxy
      And Device "D2" lacks the setting ./Settings/Apn
      When the DM Server broadcasts provisioning data "graded-settings"
      Then Device "D1" sends no report
      And Device "D2" sends exactly one report
      And Device "D1" lacks the node ./Settings/Proxy
      And the traffic matches the golden recording

  Rule: Atomic provisioning takes effect as a whole or not at all

    @req.SC-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device takes everything back when one of its settings fails
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "all-or-nothing"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Apn of Device "D2" reads factory.example
      And Device "D2" lacks the node ./Settings/Proxy
      And the report of Device "D2" carries result 404
      And the traffic matches the golden recording

  Rule: Provisioning data carries its schedule

    @req.SC-NF-1 @flow.exceptional @role.provider
    Scenario: The DM Server does not broadcast data without a schedule
      Given the population "one Device"
      When the DM Server is told to broadcast provisioning data "unscheduled-settings"
      Then provisioning data "unscheduled-settings" is never on the air

    @req.SC-NF-1 @flow.exceptional @role.provider
    Scenario: The DM Server does not broadcast data without a schedule though all of it is to hold or none
      Given the population "one Device"
      When the DM Server is told to broadcast provisioning data "unscheduled-all-or-nothing"
      Then provisioning data "unscheduled-all-or-nothing" is never on the air
