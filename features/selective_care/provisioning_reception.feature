Feature: A Device that is on receives the provisioning data
  Provisioning data is sent once for everybody. A Device that is on and listens has it, also when it comes late or hears
  badly, as long as the transmission lasts. One that does not hear it is silent.

  Rule: A Device that is on receives it

    @req.SC-PRE-1 @flow.normal @role.device @golden
    Scenario: Three Devices that are on and listen have the new settings
      Given the population "three Devices"
      When the DM Server broadcasts provisioning data "home-settings"
      Then the node ./Settings/Apn of Devices "D1" to "D3" reads home.example
      And the traffic matches the golden recording

    @req.SC-PRE-1 @flow.exceptional @role.device @golden
    Scenario: A Device that hears only a part of each cycle puts the data together
      Given the population "one Device"
      And Device "D1" loses a fifth of all packets
      When the DM Server broadcasts provisioning data "repeated-settings"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the traffic matches the golden recording

    @req.SC-PRE-1 @flow.exceptional @role.device
    Scenario: A Device that comes late has the data from a later cycle
      Given the population "two Devices"
      And Device "D2" is switched off
      When Device "D2" is switched on while campaign "repeated-settings" is on the air
      Then the node ./Settings/Apn of Devices "D1" and "D2" reads roam.example

  Rule: A Device that does not receive it changes nothing and says nothing

    @req.SC-PRE-1 @flow.exceptional @role.device
    Scenario: A Device that was off keeps its settings and is silent
      Given the population "two Devices"
      And Device "D2" is switched off
      And campaign "roaming-settings" has been broadcast
      When Device "D2" is switched on
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Apn of Device "D2" reads factory.example
      And Device "D2" sends no report

    @req.SC-PRE-1 @req.SC-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device that heard of the data and never received it keeps its settings and is silent
      Given the population "one Device"
      And Device "D1" hears nothing of the Command
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And Device "D1" sends no report
      And the traffic matches the golden recording

  Rule: In a large population only those that failed are heard

    @req.SC-SD-1 @flow.normal @role.device
    Scenario: Two hundred Devices take over the settings, and the interaction channel is silent
      Given the population "two hundred Devices"
      And campaign "roaming-settings" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Devices "D1" to "D200" send no report
      And the node ./Settings/Apn of Devices "D1" and "D200" reads roam.example

    @req.SC-SD-1 @req.SC-NF-5 @flow.exceptional @role.device
    Scenario: Among two hundred Devices the one that failed is heard, and nobody else
      Given the population "two hundred Devices"
      And Device "D137" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D137" sends exactly one report
      And Devices "D1" to "D136", "D138" to "D200" send no report
