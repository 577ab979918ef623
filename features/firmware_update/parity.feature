Feature: Parity makes up for what was lost
  With parity a Device needs no second cycle: any missing symbol of a block can be computed from the others. Both schemes
  are capabilities.

  Rule: A Device repairs a lost symbol by Reed-Solomon parity, FEC Encoding ID 129

    @req.FU-NF-3 @flow.alternative @role.system @needs.parity-reed-solomon
    Scenario Outline: A Device repairs <a package> within the only cycle
      Given the population "two Devices"
      And Device "D2" loses one symbol of the package
      When the Service Provider broadcasts campaign "<campaign>"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: sizes and versions of FLUTE
        | a package              | campaign            |
        | a package of one block | reed-solomon-image  |
        | a package of two blocks | reed-solomon-blocks |
        | a package in version 1 | early-flute-parity  |

  Rule: A Device repairs a lost symbol by RaptorQ parity, FEC Encoding ID 6

    @req.FU-NF-3 @flow.alternative @role.system @needs.parity-raptorq
    Scenario Outline: A Device computes what is missing of <a package> within the only cycle
      Given the population "two Devices"
      And Device "D2" loses one symbol of the package
      When the Service Provider broadcasts campaign "<campaign>"
      Then Devices "D1" and "D2" run firmware 2.0

      Examples: sizes
        | a package               | campaign       |
        | a package of one block  | raptorq-image  |
        | a package of two blocks | raptorq-blocks |
