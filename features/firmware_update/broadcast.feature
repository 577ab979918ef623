Feature: What the Service Provider broadcasts is well formed and complete
  A Device that hears nothing but the broadcast must find everything in it: the notification, the file table, the
  Command, the packages, and the end of it all. Everything is repeated, because nothing is acknowledged.

  Rule: Each part of a campaign is on the air, as often as the carousel turns, and in the form of the profile

    @req.FU-P-1 @flow.normal @role.provider
    Scenario Outline: The Service Provider sends every part of <a campaign>
      Given the population "one Device"
      When the Service Provider broadcasts campaign "<campaign>"
      Then campaign "<campaign>" is on the air <n> times

      Examples: kinds of campaign
        | a campaign                       | campaign              | n |
        | a firmware update                | spring-patch          | 2 |
        | a firmware update in one symbol  | small-image           | 2 |
        | a firmware update of many blocks | large-image           | 2 |
        | a software update                | player-update         | 2 |
        | an update with consent           | optional-update       | 2 |
        | provisioning data                | roaming-settings      | 2 |
        | provisioning data of one Atomic  | all-or-nothing        | 2 |

      Examples: ways to send it
        | a campaign                       | campaign              | n |
        | an update in FLUTE version 1     | early-flute           | 2 |
        | settings in FLUTE version 1      | settings-in-version-1 | 2 |
        | an update in six cycles          | long-carousel         | 6 |

    @req.FU-P-1 @req.FU-NF-3 @flow.normal @role.provider
    Scenario: The Service Provider sends every package of a campaign with three
      Given the population "one Device"
      When the Service Provider broadcasts campaign "three-packages"
      Then campaign "three-packages" is on the air 2 times

    @req.FU-NF-3 @flow.normal @role.device
    Scenario: A Device finds its package among three
      Given the population "one Device"
      When the Service Provider broadcasts campaign "three-packages"
      Then Device "D1" runs firmware 2.0

  Rule: A file that joins the session later comes with a file table of its own

    @req.FU-NF-3 @req.FU-P-1 @flow.exceptional @role.system
    Scenario Outline: In <the session> a Device takes a package that joins later
      Given the population "two Devices"
      When the Service Provider broadcasts campaign "<campaign>"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: versions of FLUTE
        | the session          | campaign         |
        | a session of FLUTE 2 | late-package     |
        | a session of FLUTE 1 | late-early-flute |

    @req.FU-NF-3 @flow.exceptional @role.device
    Scenario: A Device that lost the first file table finds Command and package in the next
      Given the population "one Device"
      And Device "D1" loses the first file table
      When the Service Provider broadcasts campaign "late-package"
      Then Device "D1" runs firmware 2.0

  Rule: What is sent carries numbers of its own

    @req.FU-GAP-5 @req.FU-P-1 @flow.normal @role.provider
    Scenario: Each of three campaigns has a higher sequence number
      Given the population "one Device"
      And campaign "home-settings" has been broadcast
      And campaign "spring-patch" has been broadcast
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then each campaign has a higher sequence number than the one before
