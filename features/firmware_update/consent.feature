@needs.user-approval
Feature: The End User is asked
  The Device asks before it installs. An optional update may be declined; a mandatory one can only be postponed, and is
  installed without asking when its longest deferral is over.

  Background:
    Given the population "one Device"

  Rule: An optional update is installed when the End User approves, and only then

    @req.FU-OP-1 @flow.normal @role.device
    Scenario: A Device asks, and installs what its End User approves
      Given campaign "optional-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 1 time

    @req.FU-OP-1 @flow.exceptional @role.device
    Scenario: A Device whose End User has not answered yet installs nothing
      When the Service Provider broadcasts campaign "optional-update"
      Then Device "D1" runs firmware 1.0
      And Device "D1" asks its End User exactly 1 time
      And declining is offered to the End User of Device "D1"

    @req.FU-OP-1 @flow.exceptional @role.device
    Scenario Outline: A Device whose End User never answers gives up <when>
      Given campaign "<campaign>" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 401
      And Device "D1" runs firmware 1.0

      Examples: what ends an offer that may be declined
        | when                      | campaign       |
        | when the campaign expires | fleeting-offer |
        | when the rollout is over  | evening-offer  |

    @req.FU-OP-2 @flow.normal @role.device
    Scenario: A Device whose End User declines reports it and installs nothing
      Given campaign "optional-update" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And campaign "optional-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" declines the update
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 401

    @req.FU-OP-2 @flow.normal @role.device
    Scenario: A Device whose End User declines stays silent where nobody asks for reports
      Given campaign "optional-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" declines the update
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends no report

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device whose End User postponed an optional update asks again
      Given campaign "optional-update" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has briefly postponed the update
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 2 times

  Rule: The End User is asked once a campaign, and only about a campaign that is trusted

    @req.FU-OP-1 @flow.alternative @role.device
    Scenario: A Device asks once about a campaign that is repeated
      Given campaign "repeated-offer" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "repeated-offer"
      Then Device "D1" asks its End User exactly 1 time
      And Device "D1" sends no report

    @req.FU-OP-1 @flow.alternative @role.device
    Scenario: A Device whose End User is asked when the power fails asks once more
      Given Device "D1" loses power while asking the End User
      And campaign "optional-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0

    @req.FU-OP-1 @flow.alternative @role.device
    Scenario: A Device installs a background campaign without a question
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 0 times

    @req.FU-OP-1 @req.FU-GAP-3 @flow.exceptional @role.device
    Scenario Outline: A Device asks nobody about a forged <campaign>
      When a hostile sender broadcasts campaign "<campaign>" with another key
      Then Device "D1" asks its End User exactly 0 times
      And Device "D1" runs firmware 1.0

      Examples: both severities
        | campaign         |
        | optional-update  |
        | mandatory-update |

    @req.FU-OP-1 @flow.exceptional @role.device
    Scenario: A Device asks nobody about an update for others
      Given Device "D1" is of another model
      When the Service Provider broadcasts campaign "optional-update"
      Then Device "D1" asks its End User exactly 0 times

  Rule: A mandatory update can be postponed, but not declined

    @req.FU-OP-2 @flow.normal @role.device
    Scenario: A Device does not offer to decline a mandatory update
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0
      And declining is not offered to the End User of Device "D1"

    @req.FU-OP-2 @flow.exceptional @role.device
    Scenario: A Device does not heed a refusal of a mandatory update
      Given campaign "patient-duty" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And campaign "patient-duty" has been offered to the End User of Device "D1"
      When the End User of Device "D1" declines the update
      Then Device "D1" sends no report

    @req.FU-OP-2 @flow.normal @role.device
    Scenario: A Device installs a mandatory update that was postponed once
      Given campaign "patient-duty" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has briefly postponed the update
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device whose End User postpones does not install yet
      Given campaign "patient-duty" has been offered to the End User of Device "D1"
      When the End User of Device "D1" postpones the update
      Then Device "D1" runs firmware 1.0
      And Device "D1" asks its End User exactly 1 time

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device installs a postponed update without asking when the longest deferral is over
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has postponed the update
      When the longest deferral of the update is over
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 1 time

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device counts the longest deferral from the first offer, however often it is postponed
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has briefly postponed the update
      And the End User of Device "D1" has briefly postponed the update
      When the longest deferral of the update is over
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 2 times

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device installs a mandatory update without asking when the rollout is over
      Given campaign "evening-duty" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "evening-duty"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device asks nobody about a mandatory update that cannot wait
      When the Service Provider broadcasts campaign "urgent-duty"
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 0 times

  Rule: A postponement outlives a restart

    @req.FU-OP-2 @flow.exceptional @role.device
    Scenario: A Device that restarts while an update is postponed does not ask before its time
      Given campaign "patient-duty" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has postponed the update
      When Device "D1" is switched off and on again
      Then Device "D1" runs firmware 1.0
      And Device "D1" asks its End User exactly 1 time

    @req.FU-OP-2 @flow.exceptional @role.device
    Scenario: A Device that restarts while an update is postponed installs it at the end of the deferral
      Given Device "D1" loses power while the update is postponed
      And campaign "mandatory-update" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has postponed the update
      When the longest deferral of the update is over
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 1 time
