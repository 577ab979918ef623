Feature: Care follows the process that is scheduled, step by step
  The schedule names a process for each kind of failure. When that fails too, the DM Server takes the next step of its own
  plan, and at last somebody has to look.

  Rule: A Device is treated by the process of the rule under which it reported

    @req.SC-POST-1 @flow.normal @role.system
    Scenario Outline: After re-provisioning, a Device that <failed> matches the others
      Given the population "two Devices"
      And Device "D2" <condition>
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node <setting> of Devices "D1" and "D2" reads <value>

      Examples: what was missing
        | failed               | condition                        | setting          | value        |
        | lacked its proxy     | lacks the setting ./Settings/Proxy | ./Settings/Proxy | 192.0.2.7    |
        | lacked its access    | lacks the setting ./Settings/Apn | ./Settings/Apn   | roam.example |

    @req.SC-POST-1 @flow.alternative @role.provider
    Scenario Outline: Where the process is <process>, the DM Server changes nothing
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "<data>"
      Then the DM Server cares for no Device
      And the Service Provider's record of Device "D2" for campaign "<data>" says <outcome>

      Examples: processes without care
        | process  | data               | outcome         |
        | escalate | escalated-settings | needs attention |
        | ignore   | left-settings      | failure         |

    @req.SC-POST-1 @flow.alternative @role.provider
    Scenario: Each of two Devices is treated by the rule of what failed on it
      Given the population "two Devices"
      And Device "D1" lacks the setting ./Settings/Apn
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "sorted-settings"
      Then the DM Server cares for Device "D2" only
      And the Service Provider's record of Device "D1" for campaign "sorted-settings" says needs attention

  Rule: When care fails too, the next step is taken

    @req.SC-POST-1 @flow.exceptional @role.system
    Scenario: A Device that gives way at the second step of care matches the others
      Given the population "two Devices"
      And Device "D2" keeps the setting ./Settings/Proxy through two attempts
      When the DM Server broadcasts provisioning data "stepwise-settings"
      Then the node ./Settings/Proxy of Devices "D1" and "D2" reads 192.0.2.7
      And the Service Provider's record of Device "D2" for campaign "stepwise-settings" says restored

    @req.SC-POST-1 @flow.exceptional @role.provider
    Scenario: A Device that no step can help needs attention at last
      Given the population "two Devices"
      And Device "D2" keeps the setting ./Settings/Proxy as it is
      When the DM Server broadcasts provisioning data "stepwise-settings"
      Then the DM Server cares for Device "D2" only
      And the Service Provider's record of Device "D2" for campaign "stepwise-settings" says needs attention

  Rule: A Device that vanishes during care is not taken for restored

    @req.SC-POST-1 @flow.exceptional @role.system
    Scenario: A Device that vanished and reports again gets its care after all
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      And Device "D2" loses the connection within the answer to the report
      When the DM Server broadcasts provisioning data "stepwise-settings"
      Then the node ./Settings/Proxy of Devices "D1" and "D2" reads 192.0.2.7
      And the DM Server cares for Device "D2" only

    @req.SC-POST-1 @flow.exceptional @role.provider
    Scenario: A Device that never says what became of its care needs attention
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      And Device "D2" loses the connection before every answer to the report
      When the DM Server broadcasts provisioning data "impatient-settings"
      Then the Service Provider's record of Device "D2" for campaign "impatient-settings" says needs attention

  Rule: A DM Server that restarts during care forgets nothing

    @req.SC-POST-1 @flow.exceptional @role.system
    Scenario: A Device whose DM Server restarted during its care matches the others
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the Service Provider restarts while it cares for Device "D2" in campaign "roaming-settings"
      Then the node ./Settings/Proxy of Devices "D1" and "D2" reads 192.0.2.7
      And the DM Server cares for Device "D2" only

    @req.SC-POST-1 @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: A DM Server that restarted during care records how it ended
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the Service Provider restarts while it cares for Device "D2" in campaign "roaming-settings"
      Then the Service Provider's record of Device "D2" for campaign "roaming-settings" says restored

    @req.SC-POST-1 @req.SC-NF-6 @flow.exceptional @role.provider
    Scenario: A DM Server that restarts in the middle of a campaign cares for its reporters
      Given the population "three Devices"
      And Device "D3" lacks the setting ./Settings/Proxy
      When the Service Provider restarts in the middle of campaign "roaming-settings"
      Then the DM Server cares for Device "D3" only
