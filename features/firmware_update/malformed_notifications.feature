Feature: Malformed notifications have no effect
  Everybody can send on a broadcast channel, and octets get lost. A Device refuses what is not in the form of the
  profile before it joins, asks, downloads or reports. Each of these notifications is right in everything else: digest
  and signature are the provider's own, and the delivery follows.

  Background:
    Given the population "one Device"

  Rule: A Device accepts what is in the form of the profile

    @req.FU-NF-1 @req.FU-GAP-3 @flow.normal @role.device @golden
    Scenario: A Device carries out a campaign in which nothing is wrong
      When a hostile sender broadcasts campaign "small-image" with nothing wrong
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

    @req.FU-NF-1 @flow.normal @role.device @needs.software-components @golden
    Scenario: A Device acts on a notification for software as on one for firmware
      When a hostile sender broadcasts campaign "player-update" with nothing wrong
      Then Device "D1" runs version 3.2 of the software component player
      And the traffic matches the golden recording

    @req.FU-NF-1 @flow.exceptional @role.device @golden
    Scenario: A Device ignores a field that it does not know
      When a hostile sender broadcasts campaign "small-image" with an unknown field that may be ignored
      Then Device "D1" runs firmware 2.0
      And the traffic matches the golden recording

  Rule: A Device refuses a notification whose envelope is malformed

    @req.FU-NF-1 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a push with <flaw>
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0

      Examples: the WSP push
        | flaw                           |
        | more than 1,400 octets         |
        | another content type           |
        | another application id         |
        | its headers in another order   |
        | a padded length of the headers |
        | headers that run past the end  |
        | more than 48 octets of headers |
        | another PDU type               |

    @req.FU-NF-1 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a Package #0 with <flaw>
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0

      Examples: the trigger
        | flaw                          |
        | a wrong digest                |
        | the digest of another group   |
        | version 1.0                   |
        | version 1.2                   |
        | a reserved bit set            |
        | SessionID 0                   |
        | an empty server identifier    |
        | no announcement               |
        | octets after the announcement |

    @req.FU-NF-1 @flow.exceptional @role.device
    Scenario Outline: A Device refuses a notification with <flaw>
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0

      Examples: where a datagram can end
        | flaw                                |
        | a cut inside the PDU type           |
        | a cut inside the length of the headers |
        | a cut inside the headers            |
        | a cut inside the digest             |
        | a cut inside the version            |
        | a cut inside the reserved bits      |
        | a cut inside the SessionID          |
        | a cut inside the server identifier  |
        | a cut inside the key id             |
        | a cut inside the announcement       |
        | a cut inside the signature          |

  Rule: A Device refuses an announcement that is malformed

    @req.FU-NF-1 @flow.exceptional @role.device
    Scenario Outline: A Device refuses an announcement with <flaw>
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then no Device joins the delivery channel
      And Device "D1" runs firmware 1.0

      Examples: the triggering parameters
        | flaw                                |
        | an announcement that is not CBOR    |
        | an unknown critical field           |
        | an indefinite length                |
        | a number longer than it needs to be |
        | a field that stands twice           |
        | a missing mandatory field           |
        | fields out of order                 |
        | another profile version             |

  Rule: What a Device has refused for its form costs it nothing

    @req.FU-NF-1 @flow.exceptional @role.device
    Scenario Outline: A Device that refused <flaw> takes up the next campaign
      Given a hostile sender has broadcast campaign "small-image" with <flaw>
      When the Service Provider broadcasts campaign "small-image"
      Then Device "D1" runs firmware 2.0

      Examples: one of each layer
        | flaw                             |
        | more than 1,400 octets           |
        | a cut inside the SessionID       |
        | an announcement that is not CBOR |
