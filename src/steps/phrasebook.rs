//! The closed list of sentences, each with an example and its meaning.

/// A sentence that scenarios may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    /// Given, When or Then.
    pub keyword: &'static str,
    /// The sentence as a cucumber expression.
    pub sentence: &'static str,
    /// The sentence in use.
    pub example: &'static str,
    /// What it says or does.
    pub meaning: &'static str,
}

const fn phrase(keyword: &'static str, sentence: &'static str, example: &'static str, meaning: &'static str) -> Phrase {
    Phrase { keyword, sentence, example, meaning }
}

/// Every sentence.
pub const PHRASES: [Phrase; 47] = [
    phrase(
        "Given",
        "the population {population}",
        r#"the population "three Devices""#,
        "Casts the Devices D1, D2, ... of a fixture. They are on, registered, and listen.",
    ),
    phrase(
        "Given",
        "Device(s) {devices} {condition}",
        r#"Devices "D1" to "D3" have a full storage"#,
        "Makes Devices peculiar: a closed list of conditions of the Device or of its reception.",
    ),
    phrase(
        "Given",
        "campaign {campaign} asks for reports {reporters}, {duration} to {duration} after the end of transmission",
        r#"campaign "spring-patch" asks for reports on failure only, 0 ms to 300 ms after the end of transmission"#,
        "Says who reports, and in which window; without it nobody does.",
    ),
    phrase(
        "Given",
        "campaign {campaign} has been broadcast",
        r#"campaign "home-settings" has been broadcast"#,
        "A campaign was on the air before the scenario's event.",
    ),
    phrase(
        "Given",
        "campaign {campaign} has been offered to the End User of Device {device}",
        r#"campaign "optional-update" has been offered to the End User of Device "D1""#,
        "A campaign was broadcast, and the Device has asked its End User.",
    ),
    phrase(
        "Given",
        "the End User of Device {device} has {answered} the update",
        r#"the End User of Device "D1" has briefly postponed the update"#,
        "The End User answered: not now (postponed), or ask again in 400 ms (briefly postponed).",
    ),
    phrase(
        "Given",
        "a hostile sender has broadcast campaign {campaign} with {flaw}",
        r#"a hostile sender has broadcast campaign "small-image" with another key"#,
        "As the event of that name, before the scenario's event.",
    ),
    phrase(
        "When",
        "the Service Provider broadcasts campaign {campaign}",
        r#"the Service Provider broadcasts campaign "spring-patch""#,
        "From the first notification to the closing packets.",
    ),
    phrase(
        "When",
        "the Service Provider broadcasts campaigns {campaign} and {campaign} at once",
        r#"the Service Provider broadcasts campaigns "spring-patch" and "home-settings" at once"#,
        "Both on the same channels, each in a session of its own, until both are closed.",
    ),
    phrase(
        "When",
        "the Service Provider restarts {moment}",
        r#"the Service Provider restarts in the middle of campaign "spring-patch""#,
        "It ends as at a loss of power, and begins with what it has kept. A closed list: in the middle of a campaign, before one, while it cares for a Device in one.",
    ),
    phrase(
        "When",
        "the Service Provider broadcasts campaign {campaign} after it has expired",
        r#"the Service Provider broadcasts campaign "spring-patch" after it has expired"#,
        "The announcement is authentic, but its expires-at has passed.",
    ),
    phrase(
        "When",
        "a hostile sender broadcasts campaign {campaign} with {flaw}",
        r#"a hostile sender broadcasts campaign "small-image" with a wrong digest"#,
        "Everything is the provider's but the one flaw of a closed list; a forgery is `another key`.",
    ),
    phrase(
        "When",
        "a hostile sender {attack} while campaign {campaign} is on the air",
        r#"a hostile sender sends 2,000 forged notifications while campaign "long-carousel" is on the air"#,
        "An attack of a closed list goes on beside a campaign of the Service Provider.",
    ),
    phrase(
        "When",
        "an unknown sender replays campaign {campaign}",
        r#"an unknown sender replays campaign "home-settings""#,
        "Every recorded packet of the campaign is sent once more.",
    ),
    phrase(
        "When",
        "the DM Server broadcasts provisioning data {campaign}",
        r#"the DM Server broadcasts provisioning data "roaming-settings""#,
        "As a campaign; the words of the second use case.",
    ),
    phrase(
        "When",
        "the DM Server is told to broadcast provisioning data {campaign}",
        r#"the DM Server is told to broadcast provisioning data "unscheduled-settings""#,
        "It may refuse.",
    ),
    phrase(
        "When",
        "Device {device} {switch}",
        r#"Device "D2" is switched on"#,
        "It is switched on, and listens from then on; or is switched off and on again, and has what it stored.",
    ),
    phrase(
        "When",
        "Device {device} {event} while campaign {campaign} is on the air",
        r#"Device "D2" is switched on while campaign "long-carousel" is on the air"#,
        "Of a closed list: is switched on (also: after the expiry), is switched off and on again, loses its registration, leaves and rejoins the channel.",
    ),
    phrase(
        "When",
        "the End User of Device {device} {answer} the update",
        r#"the End User of Device "D1" declines the update"#,
        "The answer to the prompt: approves, declines or postpones.",
    ),
    phrase(
        "When",
        "the longest deferral of the update is over",
        "the longest deferral of the update is over",
        "Counted from the first offer.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} run(s) firmware {version}",
        r#"Devices "D1" and "D2" run firmware 2.0"#,
        "Read over DM (./DevDetail/FwV) in the session of a roll call.",
    ),
    phrase(
        "Then",
        "about {int} % of Devices {devices} run firmware {version}",
        r#"about 25 % of Devices "D1" to "D40" run firmware 2.0"#,
        "As a share that each draws for itself; a population that does so fails in less than one run in a million.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} run(s) version {version} of the software component {word}",
        r#"Device "D1" runs version 3.2 of the software component player"#,
        "Read over DM (the SCOMO inventory) in the session of a roll call.",
    ),
    phrase(
        "Then",
        "the node {node} of Device(s) {devices} reads {word}",
        r#"the node ./Settings/Apn of Devices "D1" to "D3" reads roam.example"#,
        "A setting, a state or a version: read over DM in the session of a roll call.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} lack(s) the node {node}",
        r#"Device "D1" lacks the node ./Settings/OldApn"#,
        "Its Get is answered by 404, in the session of a roll call.",
    ),
    phrase(
        "Then",
        "the status log of Device {device} holds campaign {campaign} with result {int}",
        r#"the status log of Device "D1" holds campaign "spring-patch" with result 200"#,
        "Read over DM (./StatusLog); exactly one entry.",
    ),
    phrase(
        "Then",
        "the DM Server can read nothing of Device(s) {devices}",
        r#"the DM Server can read nothing of Device "D2""#,
        "Every Get of the roll call is refused for want of a credential that fits.",
    ),
    phrase(
        "Then",
        "only Device(s) {devices} join(s) the delivery channel",
        r#"only Device "D1" joins the delivery channel"#,
        "By the kernel's membership table, looked at with every file table that is sent.",
    ),
    phrase(
        "Then",
        "no Device joins the delivery channel",
        "no Device joins the delivery channel",
        "By the kernel's membership table.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} send(s) no report",
        r#"Devices "D2" and "D3" send no report"#,
        "Silence, proved by the answer to a later roll call.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} send(s) exactly one report",
        r#"Device "D1" sends exactly one report"#,
        "Counted up to the answer to a later roll call; its form is checked too.",
    ),
    phrase(
        "Then",
        "Device(s) {devices} make(s) exactly {int} attempt(s) to report",
        r#"Device "D1" makes exactly 3 attempts to report"#,
        "Counted over its connections, each not before it is due; after overload answers drawn from a doubled window.",
    ),
    phrase(
        "Then",
        "at most {int} reports of Devices {devices} arrive within any {duration}",
        r#"at most 61 reports of Devices "D1" to "D200" arrive within any 100 ms"#,
        "The peak rate; the number is at least mean + 6 roots of the mean + 6, so chance exceeds it once in a million runs.",
    ),
    phrase(
        "Then",
        "the report of Device {device} carries result {int}",
        r#"the report of Device "D1" carries result 501"#,
        "The code of FUMO, SCOMO or the provisioning report.",
    ),
    phrase(
        "Then",
        "the report of Device {device} names {node} with status {int}",
        r#"the report of Device "D1" names ./Settings/Proxy with status 404"#,
        "A failing node of a provisioning report.",
    ),
    phrase(
        "Then",
        "the reports of Devices {devices} arrive {duration} to {duration} after the end of transmission",
        r#"the reports of Devices "D1" to "D9" arrive 0 ms to 300 ms after the end of transmission"#,
        "Each inside the window; the lower bound has no tolerance.",
    ),
    phrase(
        "Then",
        "the delays of Devices {devices} differ",
        r#"the delays of Devices "D1" to "D9" differ"#,
        "Random, not common to all.",
    ),
    phrase(
        "Then",
        "Device {device} asks its End User exactly {int} time(s)",
        r#"Device "D1" asks its End User exactly 1 time"#,
        "A claim of the Device: the wire does not show it.",
    ),
    phrase(
        "Then",
        "declining is {offered} to the End User of Device {device}",
        r#"declining is not offered to the End User of Device "D1""#,
        "A claim of the Device: the wire does not show it.",
    ),
    phrase(
        "Then",
        "the DM Server cares for Device(s) {devices} only",
        r#"the DM Server cares for Devices "D3" and "D7" only"#,
        "Commands that change something go to exactly these, once each.",
    ),
    phrase(
        "Then",
        "the DM Server cares for no Device",
        "the DM Server cares for no Device",
        "No Device receives a command that changes something.",
    ),
    phrase(
        "Then",
        "provisioning data {campaign} is never on the air",
        r#"provisioning data "unscheduled-settings" is never on the air"#,
        "While the roll call after it is.",
    ),
    phrase(
        "Then",
        "the Service Provider's record of Device {device} for campaign {campaign} says {outcome}",
        r#"the Service Provider's record of Device "D2" for campaign "spring-patch" says unknown"#,
        "A claim of the provider: unknown, success, failure, restored or needs attention.",
    ),
    phrase(
        "Then",
        "campaign {campaign} is on the air {int} times",
        r#"campaign "spring-patch" is on the air 2 times"#,
        "Its notification, and every symbol of every object; the form of all that is checked too.",
    ),
    phrase(
        "Then",
        "campaign {campaign} takes no more octets on the air than for one Device",
        r#"campaign "roaming-settings" takes no more octets on the air than for one Device"#,
        "Each packet once in each cycle, however many Devices there are.",
    ),
    phrase(
        "Then",
        "each campaign has a higher sequence number than the one before",
        "each campaign has a higher sequence number than the one before",
        "In the order on the air, repetitions excepted.",
    ),
    phrase(
        "Then",
        "the traffic matches the golden recording",
        "the traffic matches the golden recording",
        "Told as redacted transcripts and compared lane by lane.",
    ),
];
