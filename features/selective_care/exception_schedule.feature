Feature: The exception schedule decides what a Device does about a failure
  The DM Server puts a schedule into the provisioning data. When the provisioning is over, the Device looks its result up
  there: the most specific rule that matches decides whether it reports, and when.

  Rule: The most specific rule that matches decides

    @req.SC-NF-4 @req.SC-NF-1 @flow.normal @role.device
    Scenario: Each Device follows the rule that is closest to its failure
      Given the population "three Devices"
      And Device "D1" lacks the setting ./Settings/Proxy
      And Device "D2" keeps the setting ./Settings/Proxy as it is
      And Device "D3" lacks the setting ./Settings/Apn
      When the DM Server broadcasts provisioning data "every-kind-of-rule"
      Then Device "D1" sends no report
      And the report of Device "D2" names ./Settings/Proxy with status 425
      And the report of Device "D3" names ./Settings/Apn with status 404

    @req.SC-NF-4 @req.SC-NF-5 @flow.alternative @role.device
    Scenario: A Device reports at the time of the rule that decides
      Given the population "two Devices"
      And Devices "D1" and "D2" lack the setting ./Settings/Apn
      When the DM Server broadcasts provisioning data "every-kind-of-rule"
      Then the reports of Devices "D1" and "D2" arrive 150 ms to 200 ms after the end of transmission

    @req.SC-NF-4 @flow.alternative @role.device
    Scenario: A Device reports where the rule for its class of failures says so
      Given the population "two Devices"
      And Device "D1" fails to write settings
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "rules-by-class"
      Then the report of Device "D1" names ./Settings/Apn with status 500
      And Device "D2" sends no report

    @req.SC-NF-4 @flow.alternative @role.device
    Scenario: A Device is silent where the rule for its class of failures says so
      Given the population "two Devices"
      And Device "D1" fails to write settings
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "a-silent-class"
      Then the report of Device "D1" names ./Settings/Apn with status 500
      And Device "D2" sends no report

  Rule: The default rule decides where no other one does

    @req.SC-NF-1 @req.SC-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device whose failure only the default rule covers reports
      Given the population "two Devices"
      And Device "D1" lacks the setting ./Settings/Proxy
      And Device "D2" lacks the setting ./Settings/Apn
      When the DM Server broadcasts provisioning data "default-rule"
      Then Device "D1" sends exactly one report
      And Device "D2" sends no report
      And the traffic matches the golden recording

  Rule: Of two rules with the same situation the first one decides

    @req.SC-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device reports when the first of two equal rules says so
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "same-situation-report-first"
      Then Device "D1" sends exactly one report
      And the traffic matches the golden recording

    @req.SC-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device is silent when the first of two equal rules says so
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "same-situation-silent-first"
      Then Device "D1" sends no report
      And the traffic matches the golden recording

  Rule: Where no rule says anything, a Device is silent

    @req.SC-NF-4 @flow.exceptional @role.device
    Scenario Outline: A Device that fails is silent when <state of the schedule>
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "<data>"
      Then Device "D1" sends no report
      And the node ./Settings/Apn of Device "D1" reads roam.example

      Examples: no rule
        | state of the schedule       | data                   |
        | no rule matches its failure | rules-for-others       |
        | the schedule is missing     | schedule-that-got-lost |

      Examples: a malformed schedule
        | state of the schedule             | data                               |
        | a rule is for an unknown situation | schedule-with-an-unknown-situation |
        | a rule says not what to do        | schedule-without-an-action         |
        | a rule has the number zero        | schedule-with-a-rule-zero          |
        | a rule has a negative window      | schedule-with-a-negative-window    |

  Rule: The DM Server sends the whole schedule with the data

    @req.SC-NF-1 @flow.normal @role.provider @golden
    Scenario: The DM Server sends a schedule of one rule, and Devices that fail follow it
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D2" sends exactly one report
      And Device "D1" sends no report
      And the traffic matches the golden recording

    @req.SC-NF-1 @flow.normal @role.provider @golden
    Scenario: The DM Server sends every rule of a schedule, down to the last
      Given the population "three Devices"
      And Device "D1" lacks the setting ./Settings/Proxy
      And Device "D2" keeps the setting ./Settings/Proxy as it is
      And Device "D3" lacks the setting ./Settings/Apn
      When the DM Server broadcasts provisioning data "default-rule"
      Then Device "D1" sends exactly one report
      And Devices "D2" and "D3" send no report
      And the traffic matches the golden recording
