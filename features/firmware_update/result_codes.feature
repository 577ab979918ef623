Feature: The result code names the cause
  A Device that fails says why, in the codes of FUMO and of SCOMO. Codes that are about a download server of its own
  cannot come of a broadcast, which has none.

  Rule: The result of an update of the firmware is a code of FUMO

    @req.FU-NF-4 @role.device
    Scenario Outline: A Device that <condition> reports <code>
      Given the population "one Device"
      And Device "D1" <condition>
      And campaign "small-image" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "small-image"
      Then the report of Device "D1" carries result <code>
      And the status log of Device "D1" holds campaign "small-image" with result <code>

      @flow.normal
      Examples: done
        | condition         | code |
        | has firmware 1.0  | 200  |

      @flow.exceptional
      Examples: the package does not come, or not as announced
        | condition                               | code |
        | hears nothing of the package            | 503  |
        | hears nothing of the Command            | 503  |
        | receives the package with one bit wrong | 402  |

      @flow.exceptional
      Examples: the Device cannot take it
        | condition                   | code |
        | has a full storage          | 501  |
        | has no room to install      | 502  |
        | has an installer that fails | 410  |

  @needs.software-components
  Rule: The result of an operation on a software component is a code of SCOMO

    @req.FU-NF-4 @role.device
    Scenario Outline: A Device that <condition> reports <code> for its player
      Given the population "one Device"
      And Device "D1" <condition>
      And campaign "player-for-all" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "player-for-all"
      Then the report of Device "D1" carries result <code>

      @flow.normal
      Examples: done
        | condition     | code |
        | has no player | 1200 |

      @flow.exceptional
      Examples: the package does not come, or the Device cannot take it
        | condition                               | code |
        | hears nothing of the package            | 1402 |
        | receives the package with one bit wrong | 1402 |
        | has a full storage                      | 1404 |
        | has no room to install                  | 1406 |
        | has an installer that fails             | 1405 |

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario Outline: A Device that receives a player <whose fault> reports <code>
      Given the population "one Device"
      And campaign "<campaign>" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then the report of Device "D1" carries result <code>
      And Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording

      Examples: what its header says
        | whose fault                      | campaign                       | code |
        | that is made for another model   | player-for-x2                  | 1405 |
        | that runs in another environment | player-for-another-environment | 1413 |
        | whose own signature does not fit | player-with-a-wrong-signature  | 1407 |

    @req.FU-NF-4 @flow.exceptional @role.device @needs.component-operations @golden
    Scenario Outline: A Device that has no player and is told to <do> reports <code>
      Given the population "one Device"
      And Device "D1" has no player
      And campaign "<campaign>" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then the report of Device "D1" carries result <code>
      And the traffic matches the golden recording

      Examples: operations on what is not there
        | do                    | campaign           | code |
        | activate it           | player-activated   | 1409 |
        | deactivate it         | player-deactivated | 1410 |
        | remove it             | player-removed     | 1408 |
        | install what it lacks | delivered-player   | 1405 |

    @req.FU-NF-4 @flow.exceptional @role.device @needs.user-approval @golden
    Scenario: A Device whose End User declines the new player reports 1401
      Given the population "one Device"
      And campaign "optional-player" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      And campaign "optional-player" has been offered to the End User of Device "D1"
      When the End User of Device "D1" declines the update
      Then the report of Device "D1" carries result 1401
      And Device "D1" runs version 3.1 of the software component player
      And the traffic matches the golden recording
