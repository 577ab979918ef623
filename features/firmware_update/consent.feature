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

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device whose End User declines reports it and installs nothing
      Given campaign "optional-update" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And campaign "optional-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" declines the update
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 401

  Rule: A mandatory update can be postponed, but not declined

    @req.FU-OP-2 @flow.normal @role.device
    Scenario: A Device does not offer to decline a mandatory update
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" approves the update
      Then Device "D1" runs firmware 2.0
      And declining is not offered to the End User of Device "D1"

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device whose End User postpones does not install yet
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      When the End User of Device "D1" postpones the update
      Then Device "D1" runs firmware 1.0

    @req.FU-OP-2 @flow.alternative @role.device
    Scenario: A Device installs a postponed update without asking when the longest deferral is over
      Given campaign "mandatory-update" has been offered to the End User of Device "D1"
      And the End User of Device "D1" has postponed the update
      When the longest deferral of the update is over
      Then Device "D1" runs firmware 2.0
      And Device "D1" asks its End User exactly 1 time
