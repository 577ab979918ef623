Feature: A Device installs firmware in the way that the Command says
  A Command says what to do with the package: download and install it in one, or in two steps, or install what it
  brings inside. Whatever it says, the update happens wholly or not at all, and the State of FUMO tells where it ended.

  Rule: Every way to install firmware that the Command may choose leads to the new version

    @req.FU-NF-4 @role.device
    Scenario Outline: A Device installs firmware by a Command that says <way>
      Given the population "one Device"
      And campaign "<campaign>" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then Device "D1" runs firmware 2.0
      And the node ./FUMO/State of Device "D1" reads 100
      And the report of Device "D1" carries result 200

      @flow.normal
      Examples: in one
        | way                        | campaign       |
        | DownloadAndUpdate          | small-image    |
        | a package that fits        | package-for-x1 |

      @flow.alternative
      Examples: in a group of commands
        | way                           | campaign        |
        | DownloadAndUpdate in Sequence | sequence-update |
        | DownloadAndUpdate in Atomic   | atomic-update   |

      @flow.alternative @needs.firmware-in-two-steps
      Examples: in two steps
        | way                   | campaign             |
        | Download, then Update | download-then-update |

      @flow.alternative @needs.firmware-inside-a-command
      Examples: with the package inside
        | way                                | campaign       |
        | Update with the package in a node  | package-inside |

  @needs.firmware-in-two-steps
  Rule: A Device that was told to download installs nothing until it is told to update

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to download keeps its firmware and is ready to update
      Given the population "one Device"
      And campaign "download-only" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "download-only"
      Then Device "D1" runs firmware 1.0
      And the node ./FUMO/State of Device "D1" reads 50
      And the report of Device "D1" carries result 200
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A Device that is told to update installs what it downloaded before
      Given the population "one Device"
      And campaign "download-only" has been broadcast
      When the Service Provider broadcasts campaign "update-of-what-is-there"
      Then Device "D1" runs firmware 2.0
      And the node ./FUMO/State of Device "D1" reads 100
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.alternative @role.device @golden
    Scenario: A package that waits gives way to a new one
      Given the population "one Device"
      And campaign "download-only" has been broadcast
      When the Service Provider broadcasts campaign "small-image"
      Then Device "D1" runs firmware 2.0
      And the node ./FUMO/State of Device "D1" reads 100
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device that is told to update and has downloaded nothing fails
      Given the population "one Device"
      And campaign "update-of-what-is-there" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "update-of-what-is-there"
      Then the report of Device "D1" carries result 400
      And Device "D1" runs firmware 1.0
      And the node ./FUMO/State of Device "D1" reads 10
      And the traffic matches the golden recording

  Rule: The State of FUMO tells in which half of the update a Device failed

    @req.FU-NF-4 @flow.exceptional @role.device
    Scenario Outline: The State of a Device that <condition> reads <state>
      Given the population "one Device"
      And Device "D1" <condition>
      When the Service Provider broadcasts campaign "small-image"
      Then the node ./FUMO/State of Device "D1" reads <state>
      And Device "D1" runs firmware 1.0

      Examples: the download failed
        | condition                               | state |
        | hears nothing of the package            | 20    |
        | receives the package with one bit wrong | 20    |
        | has a full storage                      | 20    |

      Examples: the installation failed
        | condition                   | state |
        | has an installer that fails | 80    |
        | has no room to install      | 80    |

  Rule: An Atomic takes effect as a whole or not at all, and a Sequence command by command

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device takes its new firmware back when a later command of the Atomic fails
      Given the population "one Device"
      And campaign "update-with-a-bad-end" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "update-with-a-bad-end"
      Then Device "D1" runs firmware 1.0
      And the node ./FUMO/State of Device "D1" reads 10
      And the report of Device "D1" carries result 400
      And the traffic matches the golden recording

    @req.FU-NF-4 @flow.exceptional @role.device @golden
    Scenario: A Device goes on with a Sequence after a command of it has failed
      Given the population "one Device"
      And campaign "update-before-its-download" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "update-before-its-download"
      Then Device "D1" runs firmware 2.0
      And the report of Device "D1" carries result 400
      And the traffic matches the golden recording
