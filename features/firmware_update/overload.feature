Feature: Reports do not overwhelm the DM Server
  Devices of one type finish together, and fail together. Random delays keep their reports apart, and a server that has
  too much to do says so and is left alone for a while.

  Rule: A Device that meets an overloaded DM Server waits, and draws its delay anew

    @req.FU-GAP-4 @req.FU-POST-1 @flow.exceptional @role.device
    Scenario Outline: A Device that <overload> has reported after <attempts> attempts
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" <overload>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly <attempts> attempts to report
      And Device "D1" sends exactly one report

      Examples: ways to shed load
        | overload                                          | attempts |
        | meets an overloaded DM Server at first            | 2        |
        | meets an overloaded DM Server twice               | 3        |
        | meets a busy DM Server at first                   | 2        |
        | is told by the DM Server to come back in a second | 2        |

    @req.FU-GAP-4 @req.FU-POST-1 @flow.exceptional @role.device
    Scenario Outline: A Device that meets <a server without time> stops after three attempts
      Given the population "two Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      And Device "D1" meets <a server without time>
      When the Service Provider broadcasts campaign "spring-patch"
      Then Device "D1" makes exactly 3 attempts to report
      And the status log of Device "D1" holds campaign "spring-patch" with result 200

      Examples: for ever
        | a server without time              |
        | an overloaded DM Server every time |
        | a busy DM Server every time        |

    @req.FU-GAP-4 @req.FU-AF-2 @flow.exceptional @role.device
    Scenario: Devices that were turned away twice come back far apart from each other
      Given the population "twenty Devices"
      And campaign "spring-patch" asks for reports from everybody, 0 ms to 200 ms after the end of transmission
      And Devices "D1" to "D20" meet an overloaded DM Server twice
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" to "D20" make exactly 3 attempts to report
      And Devices "D1" to "D20" send exactly one report

  Rule: A campaign may want to hear of a sample of the Devices only

    @req.FU-GAP-4 @flow.alternative @role.device
    Scenario: Of twelve Devices those of the sample report, and the others stay silent
      Given the population "twelve Devices"
      And campaign "sampled-update" asks for reports from everybody, 0 ms to 100 ms after the end of transmission
      When the Service Provider broadcasts campaign "sampled-update"
      Then Devices "D3", "D4", "D6" to "D8" send exactly one report
      And Devices "D1", "D2", "D5", "D9" to "D12" send no report

  Rule: After an outage reports come in without a rush

    @req.FU-GAP-4 @flow.exceptional @role.device
    Scenario: Devices that met an outage report one by one when it is over
      Given the population "twelve Devices"
      And campaign "spring-patch" asks for reports on failure only, 0 ms to 300 ms after the end of transmission
      And Devices "D1" to "D12" have an installer that fails
      And Devices "D1" to "D12" meet an outage of the DM Server
      When the Service Provider broadcasts campaign "spring-patch"
      Then Devices "D1" to "D12" send exactly one report
