//! Any document as a DM message or Command. What is understood is written so that it is understood alike; the objects in
//! it (results of FUMO, SCOMO and provisioning, exception schedules) are refused or read.
#![no_main]

use castproof::wire::mo::{ReportedResult, schedule};
use castproof::wire::syncml::{Command, Message};
use libfuzzer_sys::fuzz_target;

fn objects(commands: &[Command]) {
    for command in commands {
        match command {
            Command::Alert(alert) => {
                if let Ok(result) = ReportedResult::from_alert(alert) {
                    let again = result.to_alert(alert.cmd_id, alert.correlator.clone());
                    assert_eq!(ReportedResult::from_alert(&again).as_ref(), Ok(&result));
                }
            }
            Command::Add(items) | Command::Replace(items) => {
                if let Ok(Some((campaign, rules))) = schedule::from_items(&items.items) {
                    // A rule that the wire can say has a form on it.
                    let written = schedule::to_items(&campaign, &rules).unwrap();
                    assert_eq!(schedule::from_items(&written), Ok(Some((campaign, rules))));
                }
            }
            Command::Sequence(group) | Command::Atomic(group) => objects(&group.commands),
            _ => {}
        }
    }
}

fuzz_target!(|octets: &[u8]| {
    let Ok(message) = Message::from_xml(octets) else { return };
    objects(&message.body);
    let written = message.to_xml();
    assert_eq!(Message::from_xml(written.as_bytes()).as_ref(), Ok(&message), "{written}");
});
