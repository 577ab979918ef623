Feature: No command runs before the Device trusts its sender
  The digest of Package #0 is shared by everybody and proves nothing. What counts is a signature of the registered
  provider, by a key that is valid now, over the announcement and the trigger header in front of it; and the digests in
  the announcement, over Command and package.

  Rule: A Device acts on an announcement that the registered provider has signed

    @req.FU-GAP-3 @flow.normal @role.device @golden
    Scenario: Both Devices carry out a signed announcement
      Given the population "two Devices"
      When the Service Provider broadcasts campaign "small-image"
      Then Devices "D1" and "D2" run firmware 2.0
      And the traffic matches the golden recording

  Rule: A Device refuses an announcement that the registered provider has not signed

    @req.FU-GAP-3 @flow.exceptional @role.device
    Scenario Outline: A Device refuses an announcement with <flaw>
      Given the population "one Device"
      And campaign "small-image" asks for reports from everybody, 0 ms to 50 ms after the end of transmission
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0
      And Device "D1" sends no report

      Examples: signatures and keys
        | flaw                                             |
        | no signature                                     |
        | an empty signature                               |
        | another key                                      |
        | an unknown key id                                |
        | a revoked key                                    |
        | an announcement changed after signing            |

      Examples: the trigger header is signed too
        | flaw                                             |
        | another ui-mode than was signed                  |
        | another SessionID than was signed                |
        | a signature that leaves the trigger header out   |

    @req.FU-GAP-3 @req.FU-GAP-5 @flow.exceptional @role.device @golden
    Scenario: A forgery does not shut out the provider's next campaign
      Given the population "one Device"
      And a hostile sender has broadcast campaign "small-image" with another key and the sequence number that comes next
      When the Service Provider broadcasts campaign "small-image"
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

  Rule: A Device uses nothing that the announcement does not vouch for

    @req.FU-GAP-3 @flow.exceptional @role.device
    Scenario Outline: A Device that receives <flaw> installs nothing and reports <code>
      Given the population "one Device"
      And campaign "small-image" asks for reports on failure only, 0 ms to 50 ms after the end of transmission
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then Device "D1" runs firmware 1.0
      And the report of Device "D1" carries result <code>

      Examples: the announcement is right and what is delivered is not
        | flaw              | code |
        | a swapped Command | 402  |
        | a swapped package | 402  |

      Examples: the digest is right and the Command is not the campaign's
        | flaw                              | code |
        | a Command for somebody else       | 400  |
        | a Command of another session      | 400  |
        | a Command of another server       | 400  |
        | a Command that is not well-formed | 400  |

    @req.FU-GAP-3 @flow.exceptional @role.device @golden
    Scenario: A Device lets a server change nothing that it has no right to
      Given the population "one Device"
      And Device "D1" keeps the setting ./Settings/Apn as it is
      When the DM Server broadcasts provisioning data "roaming-settings"
      Then the node ./Settings/Apn of Device "D1" reads factory.example
      And the report of Device "D1" names ./Settings/Apn with status 425
      And the traffic matches the golden recording
