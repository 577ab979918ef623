@needs.software-components
Feature: A software component is updated over the broadcast channel
  SCOMO carries the same use case for a part of the software: the component is named, and its version compared.

  Rule: A Device updates the component that the announcement names

    @req.FU-NF-2 @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device installs a new version of its player
      Given the population "one Device"
      And campaign "player-update" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-update"
      Then the traffic matches the golden recording
      And Device "D1" runs version 3.2 of the software component player
      And the report of Device "D1" carries result 1200

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario: A Device without the component lets the update pass
      Given the population "two Devices"
      And Device "D2" has no player
      When the Service Provider broadcasts campaign "player-update"
      Then only Device "D1" joins the delivery channel
      And Device "D1" runs version 3.2 of the software component player
      And Device "D2" sends no report
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device whose installer fails keeps the old component
      Given the population "one Device"
      And Device "D1" has an installer that fails
      And campaign "player-update" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-update"
      Then Device "D1" runs version 3.1 of the software component player
      And the report of Device "D1" carries result 1405
      And the traffic matches the golden recording
