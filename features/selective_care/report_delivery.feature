Feature: The failure report of a Device reaches the DM Server
  A Device whose provisioning failed is cared for only if its report arrives. So it tries again, as the schedule says.

  Background:
    Given the population "two Devices"
    And Device "D1" lacks the setting ./Settings/Proxy

  Rule: A failure is reported until the DM Server has taken it, and is then cared for

    @req.SC-NF-5 @flow.alternative @role.system
    Scenario: A Device that the DM Server refused at first reports later, and is cared for
      Given Device "D1" is refused by the DM Server at first
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D1" makes exactly 3 attempts to report
      And the DM Server cares for Device "D1" only
      And the node ./Settings/Proxy of Device "D1" reads 192.0.2.7

    @req.SC-NF-5 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> reports its failure, once
      Given Device "D1" <trouble>
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D1" makes exactly 2 attempts to report
      And Device "D1" sends exactly one report
      And the report of Device "D1" names ./Settings/Proxy with status 404
      And Device "D2" sends no report

      Examples: what is in the way
        | trouble                                              |
        | loses the connection within the report               |
        | loses the connection before the answer to the report |
        | gets half an answer to the report                    |
        | meets an overloaded DM Server at first               |
        | meets a busy DM Server at first                      |
        | meets a DM Server that fails at first                |

  Rule: A report that comes again is cared for once

    @req.SC-NF-6 @req.SC-NF-5 @flow.exceptional @role.provider
    Scenario: The DM Server gives its care again to a Device that could not see it
      Given Device "D1" loses the connection before the answer to the report
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node ./Settings/Proxy of Device "D1" reads 192.0.2.7
      And the Service Provider's record of Device "D1" for campaign "roaming-settings" says restored

  Rule: When the attempts of the schedule are used up, the Device stops

    @req.SC-NF-5 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> stops after <attempts> attempts and keeps the result
      Given Device "D1" <trouble>
      When the DM Server broadcasts provisioning data "<data>"
      Then Device "D1" makes exactly <attempts> attempts to report
      And the status log of Device "D1" holds campaign "<data>" with result 404

      Examples: schedules allow three attempts, or four
        | trouble                                  | data               | attempts |
        | is refused by the DM Server every time    | roaming-settings   | 3        |
        | meets a busy DM Server every time         | roaming-settings   | 3        |
        | is refused by the DM Server every time    | patient-settings   | 4        |

    @req.SC-NF-5 @flow.exceptional @role.device
    Scenario: A Device with a wrong password tries as often as the schedule allows
      Given Device "D1" has a wrong password
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then Device "D1" makes exactly 3 attempts to report
      And Device "D2" sends no report
