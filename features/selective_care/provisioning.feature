Feature: Each Device carries out the provisioning, whatever comes of it
  Provisioning data adds, sets and removes settings, and may execute a node. What fails in it does not keep a Device
  from the rest, unless the data says that all of it belongs together.

  Rule: What the data says is what the Device has afterwards

    @req.SC-NF-3 @req.SC-SD-1 @flow.normal @role.device @golden
    Scenario: A Device adds, sets and removes settings without a word
      Given the population "one Device"
      When the DM Server broadcasts provisioning data "three-changes"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Mms of Device "D1" reads mms.example
      And Device "D1" lacks the node ./Settings/Proxy
      And Device "D1" sends no report
      And the traffic matches the golden recording

    @req.SC-NF-3 @flow.alternative @role.device @needs.settings-restore @golden
    Scenario: A Device that is told to restore its settings has those of the factory, and what is set after that
      Given the population "one Device"
      And campaign "roaming-settings" has been broadcast
      When the DM Server broadcasts provisioning data "settings-restored"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.9
      And the traffic matches the golden recording

  Rule: A command that fails is reported, and the others are carried out

    @req.SC-NF-3 @req.SC-NF-5 @flow.exceptional @role.device
    Scenario Outline: A Device whose data <fault> reports <status>, and carries out the rest
      Given the population "one Device"
      When the DM Server broadcasts provisioning data "<data>"
      Then the report of Device "D1" names <node> with status <status>
      And the node <other> of Device "D1" reads <value>
      And the node ./Settings/Apn of Device "D1" reads <apn>

      Examples: what is wrong with one command
        | fault                            | data                      | node               | status | other            | value       | apn             |
        | sets a node that does not exist  | first-of-three-fails      | ./Settings/Missing | 404    | ./Settings/Mms   | mms.example | roam.example    |
        | removes a node that is not there | removed-what-is-not-there | ./Settings/Missing | 404    | ./Settings/Proxy | 192.0.2.7   | factory.example |
        | adds a node that exists          | added-again               | ./Settings/Apn     | 418    | ./Settings/Proxy | 192.0.2.7   | factory.example |
        | sets a number where text belongs | number-for-text           | ./Settings/Apn     | 415    | ./Settings/Proxy | 192.0.2.7   | factory.example |
        | executes a setting               | setting-executed          | ./Settings/Apn     | 405    | ./Settings/Proxy | 192.0.2.7   | factory.example |

    @req.SC-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device that keeps a setting as it is sets the others
      Given the population "one Device"
      And Device "D1" keeps the setting ./Settings/Apn as it is
      When the DM Server broadcasts provisioning data "default-rule"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.7
      And the status log of Device "D1" holds campaign "default-rule" with result 425
      And the traffic matches the golden recording

    @req.SC-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device that runs out of memory sets what fits, and reports what does not
      Given the population "one Device"
      And Device "D1" has a full storage
      When the DM Server broadcasts provisioning data "first-of-three-fails"
      Then the report of Device "D1" names ./Settings/Mms with status 420
      And the node ./Settings/Apn of Device "D1" reads roam.example
      And Device "D1" lacks the node ./Settings/Mms
      And the traffic matches the golden recording

  Rule: An Atomic that fails leaves nothing behind

    @req.SC-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device takes back what it set and added when a later command of the Atomic fails
      Given the population "one Device"
      When the DM Server broadcasts provisioning data "last-of-three-fails-at-once"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And Device "D1" lacks the node ./Settings/Mms
      And the report of Device "D1" carries result 404
      And the traffic matches the golden recording

  Rule: Provisioning data that reaches beyond the settings is refused as a whole

    @req.SC-NF-3 @flow.exceptional @role.device @golden
    Scenario: A Device carries out nothing of data that names a forbidden node, and is silent
      Given the population "one Device"
      When the DM Server broadcasts provisioning data "firmware-beside-settings"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And the node ./DevInfo/Man of Device "D1" reads Acme
      And Device "D1" sends no report
      And the traffic matches the golden recording
