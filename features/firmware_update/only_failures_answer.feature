Feature: Only failures answer
  A campaign that asks for failures only lets a million Devices update without a word, and hears from exactly
  those that need help.

  Background:
    Given the population "twelve Devices"
    And campaign "spring-patch" asks for reports on failure only, 0 ms to 200 ms after the end of transmission

  Rule: A Device that updated without exception stays silent

    @req.FU-AF-1 @flow.normal @role.device
    Scenario: Twelve Devices that installed the update send no report
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" to "D12" run firmware 2.0
      And Devices "D1" to "D12" send no report

    @req.FU-AF-1 @flow.alternative @role.device
    Scenario: In a mixed population exactly the Devices that failed report
      Given Device "D4" has a full storage
      And Device "D8" has an installer that fails
      And Device "D12" hears nothing of the package
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D4", "D8" and "D12" send exactly one report
      And Devices "D1" to "D3", "D5" to "D7", "D9" to "D11" send no report
      And Devices "D1" to "D3", "D5" to "D7", "D9" to "D11" run firmware 2.0

    @req.FU-AF-1 @flow.alternative @role.device @needs.software-components
    Scenario: Of twelve Devices that update a component, the one that failed reports and nobody else
      Given campaign "player-update" asks for reports on failure only, 0 ms to 100 ms after the end of transmission
      And Device "D5" has an installer that fails
      When the Service Provider broadcasts campaign "player-update"
      Then Device "D5" sends exactly one report
      And Devices "D1" to "D4", "D6" to "D12" send no report

  Rule: A Device that failed reports why, once

    @req.FU-AF-1 @req.FU-POST-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <condition> reports <code>, once
      Given Device "D10" <condition>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D10" sends exactly one report
      And the report of Device "D10" carries result <code>
      And Device "D10" runs firmware 1.0

      Examples: what can go wrong between notification and installation
        | condition                             | code |
        | hears nothing of the package          | 503  |
        | has a full storage                    | 501  |
        | receives the package with one bit wrong | 402  |
        | has an installer that fails           | 410  |

    @req.FU-AF-1 @req.FU-GAP-4 @flow.exceptional @role.device
    Scenario: When every Device fails, every Device reports once
      Given Devices "D1" to "D12" have an installer that fails
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" to "D12" send exactly one report
