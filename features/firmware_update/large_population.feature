Feature: A large population is heard only where it failed
  Two hundred Devices hear one campaign. What the Service Provider hears of it is as much as failed, and no more.

  Rule: In a large mixed population exactly the failed Devices report

    @req.FU-AF-1 @flow.alternative @role.device
    Scenario: Of two hundred Devices the three that failed report, and nobody else
      Given the population "two hundred Devices"
      And campaign "tiny-image" asks for reports on failure only, 0 ms to 200 ms after the end of transmission
      And Devices "D50", "D100" and "D150" have an installer that fails
      When the Service Provider broadcasts campaign "tiny-image"
      Then Devices "D50", "D100" and "D150" send exactly one report
      And Devices "D1" to "D49", "D51" to "D99", "D101" to "D149", "D151" to "D200" send no report
