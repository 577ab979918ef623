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

    @req.FU-AF-2 @flow.alternative @role.device
    Scenario: Devices whose window is zero report at the offset
      Given the population "three Devices"
      And campaign "spring-patch" asks for reports from everybody, 200 ms to 200 ms after the end of transmission
      When the Service Provider broadcasts campaign "spring-patch"
      Then the reports of Devices "D1" to "D3" arrive 200 ms to 200 ms after the end of transmission

  Rule: The random delay keeps reports apart, however many Devices there are

    @req.FU-GAP-4 @req.FU-AF-2 @flow.normal @role.device
    Scenario: Twenty Devices that succeeded do not report in a rush
      Given the population "twenty Devices"
      And campaign "tiny-image" asks for reports from everybody, 0 ms to 800 ms after the end of transmission
      When the Service Provider broadcasts campaign "tiny-image"
      Then at most 17 reports of Devices "D1" to "D20" arrive within any 80 ms
      And Devices "D1" to "D20" run firmware 2.0

    @req.FU-GAP-4 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: Twenty Devices that failed all at once do not report in a rush
      Given the population "twenty Devices"
      And Devices "D1" to "D20" have an installer that fails
      And campaign "tiny-image" asks for reports on failure only, 0 ms to 800 ms after the end of transmission
      When the Service Provider broadcasts campaign "tiny-image"
      Then at most 17 reports of Devices "D1" to "D20" arrive within any 80 ms
      And the delays of Devices "D1" to "D20" differ

    @req.FU-GAP-4 @flow.exceptional @role.device
    Scenario: Two hundred Devices that failed all at once do not report in a rush
      Given the population "two hundred Devices"
      And Devices "D1" to "D200" have an installer that fails
      And campaign "tiny-image" asks for reports on failure only, 0 ms to 2000 ms after the end of transmission
      When the Service Provider broadcasts campaign "tiny-image"
      Then at most 35 reports of Devices "D1" to "D200" arrive within any 100 ms
      And the delays of Devices "D1" to "D200" differ
