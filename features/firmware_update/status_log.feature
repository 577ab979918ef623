@needs.status-log
Feature: A Device keeps a log of its results
  Whether or not a result was reported, the Device notes it. The Service Provider reads the log in any later DM session,
  once it has proved itself. The log keeps the last 32 results, also over a restart.

  Rule: The log shows what came of a campaign, also when nobody asked for a report

    @req.FU-NF-5 @flow.normal @role.device @golden
    Scenario Outline: A Device notes <the result> of an update that nobody asked about
      Given the population "one Device"
      And Device "D1" <differs>
      When the Service Provider broadcasts campaign "for-x1"
      Then the status log of Device "D1" holds campaign "for-x1" with result <code>
      And Device "D1" sends no report
      And the traffic matches the golden recording

      Examples: success and failure
        | the result                   | differs                     | code |
        | the success                  | has no player               | 200  |
        | the failure to install       | has an installer that fails | 410  |
        | the failure for want of room | has a full storage          | 501  |

    @req.FU-NF-5 @flow.normal @role.device @golden
    Scenario: A Device notes a failure of provisioning
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the status log of Device "D1" holds campaign "roaming-settings" with result 404
      And the traffic matches the golden recording

    @req.FU-NF-5 @flow.normal @role.device
    Scenario: A Device notes each campaign by itself
      Given the population "one Device"
      And Device "D1" lacks the setting ./Settings/Proxy
      And campaign "home-settings" has been broadcast
      When the Service Provider broadcasts campaign "spring-patch"
      Then the status log of Device "D1" holds campaign "home-settings" with result 404
      And the status log of Device "D1" holds campaign "spring-patch" with result 200

  Rule: The log outlives a restart

    @req.FU-NF-5 @flow.alternative @role.device
    Scenario Outline: A Device still knows <the result> after a restart
      Given the population "one Device"
      And Device "D1" <differs>
      And campaign "for-x1" has been broadcast
      When Device "D1" is switched off and on again
      Then the status log of Device "D1" holds campaign "for-x1" with result <code>

      Examples: success and failure
        | the result  | differs                     | code |
        | the success | has no player               | 200  |
        | the failure | has an installer that fails | 410  |

  Rule: The log is bounded, and drops its oldest entry first

    @req.FU-NF-5 @flow.exceptional @role.device
    Scenario: A Device whose log is full notes the newest result, and keeps no more than 32
      Given the population "one Device"
      And Device "D1" has a full status log
      When the Service Provider broadcasts campaign "spring-patch"
      Then the status log of Device "D1" holds campaign "spring-patch" with result 200

    @req.FU-NF-5 @flow.exceptional @role.device
    Scenario: A Device whose log was full still holds both results that came then
      Given the population "one Device"
      And Device "D1" has a full status log
      And campaign "home-settings" has been broadcast
      When the Service Provider broadcasts campaign "spring-patch"
      Then the status log of Device "D1" holds campaign "home-settings" with result 200
      And the status log of Device "D1" holds campaign "spring-patch" with result 200

  Rule: Nobody reads the log who has not proved himself to be the DM Server

    @req.FU-NF-5 @flow.exceptional @role.device
    Scenario: A Device does not show its log to a server that it does not know
      Given the population "two Devices"
      And Device "D2" takes the DM Server for a stranger
      When the Service Provider broadcasts campaign "spring-patch"
      Then the DM Server can read nothing of Device "D2"
      And the status log of Device "D1" holds campaign "spring-patch" with result 200

    @req.FU-NF-5 @flow.exceptional @role.device
    Scenario: A Device that reports a failure shows nothing else to a server that it does not know
      Given the population "one Device"
      And Device "D1" takes the DM Server for a stranger
      And Device "D1" has an installer that fails
      And campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" sends exactly one report
      And the DM Server can read nothing of Device "D1"
