Feature: A Device puts the delivery together from what it hears
  A broadcast channel loses, damages, doubles and reorders packets. The carousel brings everything again, and a Device
  takes from each cycle what it still lacks.

  Background:
    Given the population "two Devices"

  Rule: A Device repairs from later cycles what it lost in earlier ones

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> installs the update
      Given Device "D1" <trouble>
      When the Service Provider broadcasts campaign "long-carousel"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: lost symbols
        | trouble                                     |
        | loses packets in bursts                     |
        | hears the odd and the even symbols by turns |

      Examples: lost and late file tables
        | trouble                                     |
        | loses the first two file tables             |
        | hears no file table before the fourth cycle |
        | receives a file table that grows            |

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> installs the update within two cycles
      Given Device "D1" <trouble>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: in another order, and more than once
        | trouble                    |
        | hears packets out of order |
        | hears every packet twice   |
        | hears some packets late    |

      Examples: damaged on the way
        | trouble                              |
        | receives one symbol with a bit wrong |

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device that loses packets in bursts puts a package of many blocks together
      Given Device "D1" loses packets in bursts
      When the Service Provider broadcasts campaign "long-image"
      Then Devices "D1" and "D2" run firmware 2.0

    @req.FU-NF-3 @req.FU-POST-1 @flow.exceptional @role.device
    Scenario: A Device that hears every packet twice reports once
      Given campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" hears every packet twice
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

    @req.FU-NF-3 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: A Device that loses the closing packets knows the end by the flags of the objects
      Given campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" loses the closing packets
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200

  Rule: A Device that could not receive everything says so when the transmission is over, and changes nothing

    @req.FU-NF-3 @req.FU-AF-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> reports 503 and keeps its firmware
      Given campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" <trouble>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 503
      And Device "D2" sends no report

      Examples: never whole
        | trouble                             |
        | loses every file table              |
        | loses the same symbol in every cycle |
        | hears nothing of the Command        |
        | hears nothing of the package        |
        | hears the session closed early      |

    @req.FU-NF-3 @req.FU-AF-1 @flow.exceptional @role.device
    Scenario: A Device gives up when a delivery that never ends has expired
      Given campaign "short-lived-image" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D1" hears a delivery that never ends
      When the Service Provider broadcasts campaign "short-lived-image"
      Then Device "D1" sends exactly one report
      And the report of Device "D1" carries result 503
      And the reports of Devices "D1" arrive 0 ms to 100 ms after the end of transmission
      And Device "D1" runs firmware 1.0

    @req.FU-NF-3 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: A Device that hears the session closed early counts its delay from then
      Given campaign "spring-patch" asks for reports on failure only, 100 ms to 200 ms after the end of transmission
      And Device "D1" hears the session closed early
      When the Service Provider broadcasts campaign "spring-patch"
      Then the reports of Devices "D1" arrive 100 ms to 200 ms after the end of transmission

    @req.FU-AF-2 @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device whose storage is full does not report before the transmission is over
      Given campaign "long-carousel" asks for reports on failure only, 50 ms to 150 ms after the end of transmission
      And Device "D1" has a full storage
      When the Service Provider broadcasts campaign "long-carousel"
      Then the reports of Devices "D1" arrive 50 ms to 150 ms after the end of transmission
      And the report of Device "D1" carries result 501
