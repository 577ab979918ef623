Feature: A report reaches the DM Server, once
  The way from the Device to the DM Server is an ordinary network: it refuses, breaks off, and comes late. A Device tries
  again as often as the campaign allows, and a result is neither lost nor told twice.

  Background:
    Given the population "two Devices"
    And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission

  Rule: A Device tries again until the DM Server has taken the report

    @req.FU-POST-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> has reported after <attempts> attempts
      Given Device "D1" <trouble>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly <attempts> attempts to report
      And Device "D1" sends exactly one report
      And the report of Device "D1" carries result 200
      And the Service Provider's record of Device "D1" for campaign "spring-patch" says success

      Examples: nobody listens
        | trouble                                 | attempts |
        | is refused by the DM Server at first     | 3        |
        | is turned away by the DM Server at first | 2        |
        | meets an outage of the DM Server         | 3        |

      Examples: the connection breaks off
        | trouble                                             | attempts |
        | loses the connection within the report               | 2        |
        | loses the connection before the answer to the report | 2        |
        | loses the connection within the answer to the report | 2        |
        | gets half an answer to the report                    | 2        |

      Examples: the answer is of no use
        | trouble                                    | attempts |
        | gets garbage for an answer at first        | 2        |
        | gets a page of text for an answer at first | 2        |
        | meets a DM Server that fails at first      | 2        |

  Rule: A Device waits for an answer that comes late

    @req.FU-POST-1 @flow.alternative @role.device
    Scenario Outline: A Device that gets <its answers> needs one attempt
      Given Device "D1" gets <its answers>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 1 attempt to report
      And Device "D1" sends exactly one report

      Examples: slow servers
        | its answers          |
        | answers late         |
        | answers drop by drop |

    @req.FU-POST-1 @flow.alternative @role.device
    Scenario: A Device answers the DM Server's challenge within its attempt
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" and "D2" make exactly 1 attempt to report
      And Devices "D1" and "D2" send exactly one report

  Rule: A Device that has used up its attempts stops, and keeps the result

    @req.FU-POST-1 @req.FU-NF-5 @flow.exceptional @role.device
    Scenario Outline: A Device that <trouble> stops after three attempts and keeps the result
      Given Device "D1" <trouble>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 3 attempts to report
      And the status log of Device "D1" holds campaign "spring-patch" with result 200
      And Device "D2" sends exactly one report

      Examples: what does not pass
        | trouble                                                    |
        | is refused by the DM Server every time                     |
        | gets garbage for an answer every time                      |
        | loses the connection before every answer to the report     |

    @req.FU-POST-1 @flow.exceptional @role.device
    Scenario: A Device keeps a failure that it could not report
      Given Device "D1" has an installer that fails
      And Device "D1" is refused by the DM Server every time
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 3 attempts to report
      And the status log of Device "D1" holds campaign "spring-patch" with result 410
      And the Service Provider's record of Device "D1" for campaign "spring-patch" says unknown

  Rule: Both sides prove who they are

    @req.FU-POST-1 @flow.exceptional @role.device
    Scenario: A Device with a wrong password tries as often as it may, and then stops
      Given Device "D1" has a wrong password
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 3 attempts to report
      And Device "D2" sends exactly one report

    @req.FU-POST-1 @req.FU-P-2 @flow.exceptional @role.provider
    Scenario: The Service Provider does not believe a Device with a wrong password
      Given Device "D1" has a wrong password
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says unknown
      And the Service Provider's record of Device "D2" for campaign "spring-patch" says success

    @req.FU-POST-1 @flow.exceptional @role.device
    Scenario: A Device that takes the DM Server for a stranger has reported all the same
      Given Device "D1" takes the DM Server for a stranger
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 1 attempt to report
      And Device "D1" sends exactly one report

  Rule: A report that comes again is one report

    @req.FU-P-2 @req.FU-POST-1 @flow.exceptional @role.provider
    Scenario: The Service Provider records the report of a Device that could not see the answer
      Given Device "D1" loses the connection before every answer to the report
      When the Service Provider broadcasts campaign "spring-patch"
      Then the Service Provider's record of Device "D1" for campaign "spring-patch" says success
      And Device "D1" sends exactly one report
