Feature: A Device finds out whether an update is meant for it
  The announcement names manufacturer, model, hardware versions, installed versions and component as far as they matter.
  All that it names must match; what it leaves out matches every Device. A Device never goes back to an older version.

  Rule: All that the announcement names must match, and what it leaves out matches everybody

    @req.FU-NF-2 @req.FU-GAP-1 @flow.normal @role.device
    Scenario Outline: Of sixteen kinds of Devices only those join <whom> is for
      Given the population "every kind of Device"
      When the Service Provider broadcasts campaign "<campaign>"
      Then only Devices <matching> join the delivery channel

      Examples: an aspect by itself
        | whom                                 | campaign    | matching                                             |
        | the update for one manufacturer      | for-acme    | "D1" to "D8"                                         |
        | the update for one model             | for-x1      | "D1" to "D4", "D9" to "D12"                          |
        | the update for one hardware version  | for-board-1 | "D1", "D2", "D5", "D6", "D9", "D10", "D13" and "D14" |
        | the update for one installed version | from-1-0    | "D1", "D3", "D5", "D7", "D9", "D11", "D13" and "D15" |

      Examples: nothing, and two of one kind
        | whom                                 | campaign           | matching      |
        | the update that names nothing        | for-all            | "D1" to "D16" |
        | the update for two hardware versions | for-boards-1-and-9 | "D1" to "D4"  |

    @req.FU-NF-2 @flow.normal @role.device
    Scenario: Of sixteen kinds of Devices only one is the kind that is named in full
      Given the population "every kind of Device"
      And campaign "for-acme-x1" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "for-acme-x1"
      Then only Device "D1" joins the delivery channel
      And Device "D1" sends exactly one report
      And Devices "D2" to "D16" send no report

    @req.FU-GAP-1 @req.FU-NF-2 @flow.normal @role.device
    Scenario: In a population of three models only one acts, and the others cost nothing
      Given the population "three models"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then only Device "D1" joins the delivery channel
      And Device "D1" runs firmware 2.0
      And Devices "D2" and "D3" run firmware 1.0
      And Devices "D2" and "D3" send no report

  Rule: The installed version decides, and versions are compared number by number

    @req.FU-NF-2 @flow.alternative @role.device @golden
    Scenario Outline: A Device with firmware <installed>, one of several that are named, updates
      Given the population "one Device"
      And Device "D1" has firmware <installed>
      When the Service Provider broadcasts campaign "from-three-versions"
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

      Examples: the first, the middle and the last of the list
        | installed |
        | 1.0       |
        | 1.1       |
        | 1.2       |

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario Outline: A Device with firmware <installed>, which is not named, keeps it
      Given the population "two Devices"
      And Device "D2" has firmware <installed>
      When the Service Provider broadcasts campaign "from-three-versions"
      Then only Device "D1" joins the delivery channel
      And Device "D2" runs firmware <installed>
      And the traffic matches the golden recording

      Examples: near, and not equal
        | installed |
        | 0.9       |
        | 1.3       |
        | 1         |
        | 1.0.0     |

    @req.FU-NF-2 @flow.alternative @role.device @golden
    Scenario Outline: A Device with firmware <installed> updates where no installed version is named
      Given the population "one Device"
      And Device "D1" has firmware <installed>
      When the Service Provider broadcasts campaign "for-all"
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

      Examples: any older version
        | installed |
        | 0.0.0.1   |
        | 1.99      |
        | 2         |

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario Outline: A Device with firmware <installed> that hears of <offered> runs <afterwards>
      Given the population "one Device"
      And Device "D1" has firmware <installed>
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs firmware <afterwards>
      And the traffic matches the golden recording

      Examples: numbers and not texts
        | installed | offered | campaign | afterwards |
        | 2.9       | 2.10    | to-2-10  | 2.10       |
        | 2.10      | 2.9     | to-2-9   | 2.10       |
        | 2.0       | 2       | to-2     | 2.0        |
        | 10.0      | 2.9     | to-2-9   | 10.0       |

    @req.FU-NF-2 @flow.exceptional @role.device
    Scenario: A Device that has the version already does not install it again
      Given the population "one Device"
      And campaign "for-x1" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" has firmware 2.0
      When the Service Provider broadcasts campaign "for-x1"
      Then no Device joins the delivery channel
      And Device "D1" sends no report

  @needs.software-components
  Rule: A software component is matched by its id and its version

    @req.FU-NF-2 @flow.normal @role.device @golden
    Scenario Outline: A Device with player <installed> updates it when <version> may be updated
      Given the population "one Device"
      And Device "D1" has version <installed> of the player
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs version 3.2 of the software component player
      And the traffic matches the golden recording

      Examples: the version that is named, and any
        | installed | version      | campaign       |
        | 3.1       | that version | player-update  |
        | 2.0       | any version  | player-for-all |

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario Outline: A Device with player <installed> keeps it
      Given the population "two Devices"
      And Device "D2" has version <installed> of the player
      When the Service Provider broadcasts campaign "player-update"
      Then only Device "D1" joins the delivery channel
      And Device "D2" runs version <installed> of the software component player
      And the traffic matches the golden recording

      Examples: not named, the same, newer
        | installed |
        | 3.0       |
        | 3.2       |
        | 3.10      |

    @req.FU-NF-2 @flow.exceptional @role.device @golden
    Scenario: A Device without the component lets its update pass
      Given the population "two Devices"
      And Device "D2" has no player
      When the Service Provider broadcasts campaign "player-update"
      Then only Device "D1" joins the delivery channel
      And Device "D2" sends no report
      And the traffic matches the golden recording

    @req.FU-NF-2 @flow.alternative @role.device @golden
    Scenario: A Device without the component installs it where no installed version is named
      Given the population "one Device"
      And Device "D1" has no player
      When the Service Provider broadcasts campaign "player-for-all"
      Then Device "D1" runs version 3.2 of the software component player
      And the traffic matches the golden recording
