Feature: Reports are spread over time
  Devices of one type finish together. A random delay after the end of transmission keeps their reports apart.

  Rule: A Device reports inside the window, counted from the end of transmission

    @req.FU-AF-2 @req.FU-GAP-4 @flow.normal @role.device
    Scenario: Twelve Devices report inside the window, each at a moment of its own
      Given the population "twelve Devices"
      And campaign "spring-patch" asks for reports from everybody, 100 ms to 700 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the reports of Devices "D1" to "D12" arrive 100 ms to 700 ms after the end of transmission
      And the delays of Devices "D1" to "D12" differ

    @req.FU-AF-2 @req.FU-AF-1 @flow.alternative @role.device
    Scenario: Devices that failed keep to the window too
      Given the population "three Devices"
      And Devices "D2" and "D3" have a full storage
      And campaign "spring-patch" asks for reports on failure only, 150 ms to 350 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the reports of Devices "D2" and "D3" arrive 150 ms to 350 ms after the end of transmission
      And Device "D1" sends no report
