Feature: Hostile deliveries have no effect
  The announcement says which objects a Device wants, how large they are and what their digest is. Whatever else comes on
  the delivery channel is not installed, and costs no more than what was announced. The announcements of this feature
  are authentic.

  Background:
    Given the population "one Device"
    And campaign "small-image" asks for reports on failure only, 0 ms to 50 ms after the end of transmission

  Rule: A Device ignores a file table that is none

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario Outline: A Device that hears <flaw> has received nothing
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 503

      Examples: not in the form of the profile
        | flaw                                         |
        | a file table that is not XML                 |
        | a file table without Expires                 |
        | a file table that names a TOI twice          |
        | wrong FEC attributes                         |
        | a file table that is said to be compressed   |
        | a file table that inflates a hundredfold     |

  Rule: A Device ignores packets that do not parse

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario Outline: A Device that hears <flaw> installs nothing
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends no report

      Examples: not LCT version 1
        | flaw                             |
        | packets of LCT version 2         |
        | packets cut inside the LCT header |

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device completes an update in the middle of noise
      When a hostile sender sends noise on the delivery channel while campaign "long-carousel" is on the air
      Then Device "D1" runs firmware 2.0

  Rule: A Device takes no object that is not as announced

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario Outline: A Device that receives <flaw> installs nothing and reports 402
      When a hostile sender broadcasts campaign "small-image" with <flaw>
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 402

      Examples: sizes that lie, and octets that would grow
        | flaw                                 |
        | a package longer than announced      |
        | a package shorter than announced     |
        | a package that is said to be compressed |
        | a package that inflates a hundredfold |

    @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not mix two authentic campaigns
      When a hostile sender broadcasts campaign "small-image" with the delivery of another campaign
      Then Device "D1" runs firmware 1.0
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 402

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario: A Device does not install from a package without end
      When a hostile sender broadcasts campaign "small-image" with a package without end
      Then Device "D1" runs firmware 1.0

    @req.FU-NF-3 @req.FU-GAP-5 @flow.exceptional @role.device
    Scenario Outline: A Device that had to do with <flaw> installs the next campaign
      Given a hostile sender has broadcast campaign "small-image" with <flaw>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" runs firmware 2.0

      Examples: what could have filled its memory
        | flaw                                  |
        | a package without end                 |
        | a package that inflates a hundredfold |
