@needs.software-components @needs.component-operations
Feature: A Device installs, activates, deactivates and removes a software component
  SCOMO tells apart a package that is delivered, a component that is deployed, and one that is active. Each operation
  leaves the component in exactly the state that it names.

  Rule: A component is installed as the Command says

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario Outline: A Device that is told to <do> has a player whose State reads <state>
      Given the population "one Device"
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs version 3.2 of the software component player
      And the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads <state>
      And the traffic matches the golden recording

      Examples: operations that download and install
        | do                                | campaign                        | state |
        | install its player                | player-for-all                  | 20    |
        | install its player inactive       | player-inactive                 | 10    |
        | install, then activate its player | player-installed-then-activated | 20    |
        | replace its player at once        | player-replaced-at-once         | 20    |

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that installed its player inactive runs it once it is told to activate it
      Given the population "one Device"
      And campaign "player-inactive" has been broadcast
      When the Service Provider broadcasts campaign "player-activated"
      Then the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads 20
      And Device "D1" runs version 3.2 of the software component player
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to deactivate its player keeps it inactive
      Given the population "one Device"
      When the Service Provider broadcasts campaign "player-deactivated"
      Then the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads 10
      And Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to remove its player has none
      Given the population "one Device"
      When the Service Provider broadcasts campaign "player-removed"
      Then Device "D1" lacks the node ./SCOMO/Inventory/Deployed/player/Version
      And the traffic matches the golden recording

  Rule: What a Device reports as done is done, as standing checks see in its inventory

    @req.FU-NF-4 @flow.alternative @role.device
    Scenario Outline: A Device that was told to <do> its player reports that it has done so
      Given the population "one Device"
      And campaign "<campaign>" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 1200

      Examples: operations
        | do                     | campaign                        |
        | download               | player-download                 |
        | install, inactive,     | player-inactive                 |
        | install, then activate | player-installed-then-activated |
        | deactivate             | player-deactivated              |
        | remove                 | player-removed                  |

    @req.FU-NF-4 @flow.alternative @role.device
    Scenario: A Device that was told to download a player reports that it has done so, and runs the one before
      Given the population "one Device"
      And campaign "player-download" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-download"
      Then the report of Device "D1" carries result 1200
      And Device "D1" runs version 3.1 of the software component player

  Rule: A package that was only delivered is installed or removed later

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to download keeps its player and has the package delivered
      Given the population "one Device"
      When the Service Provider broadcasts campaign "player-download"
      Then the node ./SCOMO/Inventory/Delivered/player/State of Device "D1" reads 10
      And Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario Outline: A Device that is told to <do> the delivered package has a player whose State reads <state>
      Given the population "one Device"
      And campaign "player-download" has been broadcast
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs version 3.2 of the software component player
      And the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads <state>
      And Device "D1" lacks the node ./SCOMO/Inventory/Delivered/player/State
      And the traffic matches the golden recording

      Examples: what is done with it
        | do               | campaign                  | state |
        | install          | delivered-player          | 20    |
        | install inactive | delivered-player-inactive | 10    |

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to remove the delivered package keeps its player
      Given the population "one Device"
      And campaign "player-download" has been broadcast
      When the Service Provider broadcasts campaign "delivered-player-discarded"
      Then Device "D1" lacks the node ./SCOMO/Inventory/Delivered/player/State
      And Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

  Rule: An Atomic over a component takes effect as a whole or not at all, and a Sequence command by command

    @req.FU-NF-4 @flow.exceptional @role.device
    Scenario: A Device whose installation fails in an Atomic has its player active again
      Given the population "one Device"
      And campaign "player-deactivated-then-broken" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-deactivated-then-broken"
      Then the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads 20
      And the report of Device "D1" carries result 1400

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device whose installation fails in an Atomic has back the player that was removed
      Given the population "one Device"
      And Device "D1" has no room to install
      When the Service Provider broadcasts campaign "player-replaced-at-once"
      Then Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device whose installation fails in a Sequence goes on with what follows
      Given the population "one Device"
      And campaign "player-broken-then-deactivated" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-broken-then-deactivated"
      Then the node ./SCOMO/Inventory/Deployed/player/State of Device "D1" reads 10
      And the report of Device "D1" carries result 1400
      And the traffic matches the golden recording
