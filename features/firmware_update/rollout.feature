Feature: The Service Provider's rollout policy holds on every Device
  An update may be limited to a time, to groups, to areas and to a share of the Devices. Each Device decides for itself,
  by its own clock, and decides alike whenever it is asked.

  Rule: No Device begins before the time, and none after it

    @req.FU-GAP-2 @flow.normal @role.device
    Scenario: A Device holds an update back whose time has not come
      Given the population "one Device"
      When the Service Provider broadcasts campaign "later-update"
      Then only Device "D1" joins the delivery channel
      And Device "D1" runs firmware 1.0

    @req.FU-GAP-2 @flow.normal @role.device
    Scenario: A Device installs an update when its time has come
      Given the population "one Device"
      And campaign "soon-update" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "soon-update"
      Then Device "D1" runs firmware 2.0
      And Device "D1" sends exactly one report

    @req.FU-GAP-2 @flow.normal @role.device
    Scenario: Devices start inside the start window
      Given the population "three Devices"
      When the Service Provider broadcasts campaign "spread-update"
      Then Devices "D1" to "D3" run firmware 2.0

    @req.FU-GAP-2 @flow.normal @role.device
    Scenario: A Device lets an update pass whose time is over
      Given the population "two Devices"
      And campaign "past-update" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "past-update"
      Then no Device joins the delivery channel
      And Devices "D1" and "D2" run firmware 1.0
      And Devices "D1" and "D2" send no report

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario: A Device by whose clock the time is over lets the update pass
      Given the population "two Devices"
      And Device "D2" has a clock that is an hour fast
      When the Service Provider broadcasts campaign "half-hour-update"
      Then only Device "D1" joins the delivery channel
      And Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 1.0

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario: A Device by whose clock the time has not come holds the update back
      Given the population "two Devices"
      And Device "D2" has a clock that is an hour slow
      When the Service Provider broadcasts campaign "half-hour-update"
      Then Device "D1" runs firmware 2.0
      And Device "D2" runs firmware 1.0

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario Outline: Provisioning data keeps its time on a Device whose clock is an hour <off>
      Given the population "two Devices"
      And Device "D2" has a clock that is an hour <off>
      When the DM Server broadcasts provisioning data "half-hour-settings"
      Then the node ./Settings/Apn of Device "D1" reads roam.example
      And the node ./Settings/Apn of Device "D2" reads factory.example

      Examples: outside the time on both sides
        | off  |
        | fast |
        | slow |

  Rule: Groups and areas decide who takes part

    @req.FU-GAP-2 @flow.normal @role.device
    Scenario Outline: Only the Devices of <the place> take part
      Given the population "grouped Devices"
      And campaign "<campaign>" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then only Devices <taking part> join the delivery channel
      And Devices <taking part> run firmware 2.0
      And Devices <staying away> send no report

      Examples: for a group
        | the place       | campaign     | taking part   | staying away |
        | the pilot group | pilot-update | "D1" and "D3" | "D2"         |

      Examples: for an area, which the third Device does not know
        | the place                   | campaign             | taking part | staying away  |
        | the northern area           | northern-update      | "D1"        | "D2" and "D3" |
        | a group in one of two areas | northern-home-update | "D2"        | "D1" and "D3" |

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario: A Device that does not know its area keeps its firmware
      Given the population "grouped Devices"
      When the Service Provider broadcasts campaign "northern-update"
      Then Device "D1" runs firmware 2.0
      And Device "D3" runs firmware 1.0

  Rule: A share of the Devices takes part, and each decides alike whenever it is asked

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario: A share of nothing is for nobody
      Given the population "three Devices"
      When the Service Provider broadcasts campaign "for-nobody"
      Then no Device joins the delivery channel
      And Devices "D1" to "D3" run firmware 1.0

    @req.FU-GAP-2 @flow.exceptional @role.device
    Scenario: A share of everything is for everybody
      Given the population "three Devices"
      When the Service Provider broadcasts campaign "for-everybody"
      Then only Devices "D1" to "D3" join the delivery channel
      And Devices "D1" to "D3" run firmware 2.0

    @req.FU-GAP-2 @flow.exceptional @role.system
    Scenario Outline: About <percent> % of forty Devices take part
      Given the population "forty Devices"
      When the Service Provider broadcasts campaign "<campaign>"
      Then about <percent> % of Devices "D1" to "D40" run firmware 2.0

      Examples: the announced share
        | percent | campaign           |
        | 25      | for-a-quarter      |
        | 75      | for-three-quarters |

    @req.FU-GAP-2 @flow.alternative @role.device
    Scenario: Devices decide alike about four repetitions of one campaign
      Given the population "twelve Devices"
      When the Service Provider broadcasts campaign "for-three-quarters"
      Then only Devices "D1" to "D4", "D6", "D7", "D9" and "D12" join the delivery channel

    @req.FU-GAP-2 @flow.alternative @role.device
    Scenario: A Device outside the share decides alike after a restart
      Given the population "twelve Devices"
      When Device "D10" is switched off and on again while campaign "for-three-quarters-at-length" is on the air
      Then Device "D10" runs firmware 1.0
      And Device "D12" runs firmware 2.0
