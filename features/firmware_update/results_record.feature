Feature: The Service Provider records what Devices tell it
  A result belongs to the Device that told it, and to the campaign that it names. Silence leaves it open: unknown.

  Rule: Each result is recorded for the Device that told it

    @req.FU-P-2 @flow.normal @role.provider
    Scenario Outline: Of twelve Devices that report at once, <Device> is recorded with <outcome>
      Given the population "twelve Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D5" has an installer that fails
      And Device "D9" is switched off
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "<Device>" for campaign "spring-patch" says <outcome>

      Examples: what each told
        | Device | outcome         |
        | D1     | success         |
        | D5     | needs attention |
        | D9     | unknown         |
        | D12    | success         |

    @req.FU-P-2 @flow.normal @role.provider
    Scenario: Where only failures answer, a Device that succeeded stays unknown
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D2" has an installer that fails
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says unknown
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says needs attention

  Rule: A report that comes twice is one result

    @req.FU-P-2 @req.SC-NF-6 @flow.exceptional @role.provider
    Scenario: A report that comes again because its answer was lost leads to one care
      Given the population "two Devices"
      And Device "D2" lacks the setting ./Settings/Proxy
      And Device "D2" loses the connection before the answer to the report
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Device "D2" only
      And the Service Provider's record of Device "D2" for campaign "roaming-settings" says restored

  Rule: Who cannot prove who he is changes no record

    @req.FU-P-2 @req.SC-NF-6 @flow.exceptional @role.provider
    Scenario: A report with a wrong password is not recorded
      Given the population "two Devices"
      And Device "D2" has a wrong password
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says unknown

    @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: A report of a Device that the DM Server does not know is not recorded
      Given the population "two Devices"
      And Device "D2" is unknown to the DM Server
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says unknown

    @req.SC-NF-6 @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: A Device that the DM Server does not know gets no care
      Given the population "two Devices"
      And Device "D2" is unknown to the DM Server
      And Devices "D1" and "D2" lack the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Device "D1" only
      And the Service Provider's record of Device "D2" for campaign "roaming-settings" says unknown

    @req.SC-NF-6 @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: A Device with a wrong password gets no care
      Given the population "two Devices"
      And Device "D2" has a wrong password
      And Devices "D1" and "D2" lack the setting ./Settings/Proxy
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the DM Server cares for Device "D1" only
