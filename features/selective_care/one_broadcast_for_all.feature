Feature: One broadcast serves every Device
  Many Devices are provisioned at the same time. What is on the air is the same for two of them and for two hundred.

  Rule: The octets on the air do not grow with the number of Devices

    @req.SC-NF-2 @flow.normal @role.provider
    Scenario Outline: Provisioning data for <population> takes the octets of one Device
      Given the population "<population>"
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then campaign "roaming-settings" takes no more octets on the air than for one Device

      Examples: populations
        | population          |
        | two Devices         |
        | twenty Devices      |
        | two hundred Devices |

    @req.SC-NF-2 @req.FU-P-1 @flow.normal @role.provider
    Scenario: An update for twelve Devices takes the octets of one
      Given the population "twelve Devices"
      When the Service Provider broadcasts campaign "spring-patch"
      Then campaign "spring-patch" takes no more octets on the air than for one Device

  Rule: A Device may join while the settings are on the air

    @req.SC-NF-2 @flow.exceptional @role.device
    Scenario: A Device that is switched on in mid-carousel takes over the settings
      Given the population "two Devices"
      And Device "D2" is switched off
      When Device "D2" is switched on while campaign "slow-settings" is on the air
      Then the node ./Settings/Apn of Devices "D1" and "D2" reads roam.example
      And the node ./Settings/Proxy of Devices "D1" and "D2" reads 192.0.2.7
