Feature: A Device carries out nothing of a Command that is wrong
  The digest in the announcement vouches for the Command, and the kind of the campaign says what it may touch. A Device
  looks at the whole of it before it does anything.

  Rule: A Command for firmware that asks for something else leaves everything as it was

    @req.FU-NF-4 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a Command that <fault>
      Given the population "one Device"
      And campaign "<campaign>" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then the report of Device "D1" carries result <code>
      And Device "D1" runs firmware 1.0
      And the node ./Settings/Apn of Device "D1" reads factory.example

      Examples: nodes
        | fault                               | campaign              | code |
        | executes a node that does not exist | unknown-firmware-node | 408  |
        | sets a setting beside the firmware  | setting-beside-firmware | 400 |
        | sets a node that is only read       | firmware-state-set    | 400  |
        | deletes a node of the firmware      | package-url-deleted   | 400  |

      Examples: values
        | fault                                  | campaign              | code |
        | gives the package's URL as a number    | package-url-as-number | 400  |
        | names a package that was not announced | unannounced-package   | 411  |
        | names no package                       | no-package-url        | 411  |
        | executes nothing                       | nothing-executed      | 400  |

      Examples: names
        | fault                         | campaign                       | code |
        | is addressed to somebody else | addressed-to-one-device        | 400  |
        | has the Correlator of another | correlator-of-another-campaign | 400  |

  @needs.software-components
  Rule: A Command for a software component touches that component only

    @req.FU-NF-4 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a Command that <fault>, and keeps its player
      Given the population "one Device"
      And campaign "<campaign>" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then the report of Device "D1" carries result <code>
      And Device "D1" runs version 3.1 of the software component player

      Examples: faults
        | fault                                  | campaign                | code |
        | executes an operation that nobody has  | player-suspended        | 1411 |
        | removes another component              | other-component-removed | 1400 |
        | sets a version that is only read       | player-version-set      | 1400 |

  Rule: A package that is made for another Device is not installed

    @req.FU-NF-4 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a package <whose fault>
      Given the population "one Device"
      And campaign "<campaign>" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When the Service Provider broadcasts campaign "<campaign>"
      Then the report of Device "D1" carries result <code>
      And Device "D1" runs firmware 1.0

      Examples: what its header says
        | whose fault                            | campaign                        | code |
        | that is made for another model         | package-for-x2                  | 403  |
        | that is made for another manufacturer  | package-for-emca                | 403  |
        | that brings another version            | package-with-another-version    | 405  |
        | that runs in another environment       | package-for-another-environment | 405  |
        | whose own signature does not fit       | package-with-a-wrong-signature  | 404  |
