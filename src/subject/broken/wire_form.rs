//! How a Device writes its DM messages: what the standing checks convict, whatever a scenario is about.

use crate::device::{self, Duty};
use crate::wire::mo::fumo;
use crate::wire::syncml::{Alert, Command, Item, Items, Message, alert};

use super::{ConductOf, Deviation};

pub(super) static DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "device.answers-a-notification",
        description: "Begins the session of a report with Alert 1200, as if a notification had asked for it (X-DM-05).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-05",
        conduct: ConductOf::Device(|| Box::new(Rewrites(says_that_the_server_began))),
    },
    Deviation {
        name: "device.leaves-out-its-language",
        description: "Sends DevInfo without Lang (X-DM-06).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-06",
        conduct: ConductOf::Device(|| Box::new(Rewrites(leaves_out_its_language))),
    },
    Deviation {
        name: "device.reads-from-the-server",
        description: "Sends a Get to the DM Server (X-DM-07).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-07",
        conduct: ConductOf::Device(|| Box::new(Rewrites(reads_from_the_server))),
    },
    Deviation {
        name: "device.pads-its-session-id",
        description: "Writes its SessionID with leading zeros (X-DM-02).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-02",
        conduct: ConductOf::Device(|| Box::new(Rewrites(pads_its_session_id))),
    },
    Deviation {
        name: "device.keeps-its-nonce",
        description: "Does not take over the NextNonce that comes with an accepted credential (X-DM-08).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-dm-08",
        conduct: ConductOf::Device(|| Box::new(KeepsItsNonce)),
    },
    Deviation {
        name: "device.reports-an-update-alone",
        description: "Reports a download and update with the alert type of an update (X-FUMO-02).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-fumo-02",
        conduct: ConductOf::Device(|| Box::new(Rewrites(reports_an_update_alone))),
    },
    Deviation {
        name: "device.drops-the-correlator",
        description: "Reports a firmware update without the Correlator (X-FUMO-03).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-fumo-03",
        conduct: ConductOf::Device(|| Box::new(Rewrites(drops_the_correlator))),
    },
    Deviation {
        name: "device.takes-failures-easy",
        description: "Gives failures the Mark of a success (X-FUMO-05).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-fumo-05",
        conduct: ConductOf::Device(|| Box::new(Rewrites(takes_failures_easy))),
    },
    Deviation {
        name: "device.reports-in-words",
        description: "Writes the result of a firmware update as a word (X-FUMO-07).",
        requirements: &["FU-P-2"],
        caught_by: "standing.x-fumo-07",
        conduct: ConductOf::Device(|| Box::new(Rewrites(reports_in_words))),
    },
    Deviation {
        name: "device.updates-for-ever",
        description: "Shows State 60 after it has reported its success (X-FUMO-08).",
        requirements: &["FU-POST-1"],
        caught_by: "standing.x-fumo-08",
        conduct: ConductOf::Device(|| Box::new(Rewrites(updates_for_ever))),
    },
    Deviation {
        name: "device.fails-a-download-as-an-update",
        description: "Shows State 80 after a download that failed (X-FUMO-09).",
        requirements: &["FU-AF-1", "FU-NF-4"],
        caught_by: "standing.x-fumo-09",
        conduct: ConductOf::Device(|| Box::new(Rewrites(fails_a_download_as_an_update))),
    },
    Deviation {
        name: "device.fails-an-update-as-a-download",
        description: "Shows State 20 after an installation that failed (X-FUMO-08).",
        requirements: &["FU-AF-1"],
        caught_by: "standing.x-fumo-08",
        conduct: ConductOf::Device(|| Box::new(Rewrites(fails_an_update_as_a_download))),
    },
    Deviation {
        name: "device.invents-a-result",
        description: "Reports an incomplete reception by 504, which FUMO does not have (X-FUMO-10).",
        requirements: &["FU-AF-1"],
        caught_by: "standing.x-fumo-10",
        conduct: ConductOf::Device(|| Box::new(Rewrites(invents_a_result))),
    },
    Deviation {
        name: "device.invents-a-result-of-a-component",
        description: "Reports an installation that failed by 1414, which SCOMO does not have (X-SCOMO-07).",
        requirements: &["FU-AF-1"],
        caught_by: "standing.x-scomo-07",
        conduct: ConductOf::Device(|| Box::new(Rewrites(invents_a_result_of_a_component))),
    },
    Deviation {
        name: "device.shows-what-is-inactive-as-active",
        description: "Shows State 20 of a component that is inactive (X-SCOMO-02).",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-02",
        conduct: ConductOf::Device(|| Box::new(Rewrites(shows_what_is_inactive_as_active))),
    },
    Deviation {
        name: "device.leaves-the-component-inactive",
        description: "Shows State 10 of a component after DownloadInstall (X-SCOMO-01).",
        requirements: &["FU-NF-4"],
        caught_by: "standing.x-scomo-01",
        conduct: ConductOf::Device(|| Box::new(Rewrites(leaves_the_component_inactive))),
    },
];

/// A Device that changes every message before it is sent.
#[derive(Debug)]
struct Rewrites(fn(&mut Message));

impl device::Conduct for Rewrites {
    fn writes(&self, mut message: Message) -> Message {
        self.0(&mut message);
        message
    }
}

broken_device!(KeepsItsNonce {
    fn neglects(&self, duty: Duty) -> bool {
        duty == Duty::AdoptTheNextNonce
    }
});

fn alerts(message: &mut Message) -> impl Iterator<Item = &mut Alert> {
    message.body.iter_mut().filter_map(|command| match command {
        Command::Alert(alert) => Some(alert),
        _ => None,
    })
}

/// The items of firmware reports, each with the Correlator of its alert.
fn firmware_items(message: &mut Message) -> impl Iterator<Item = &mut Item> {
    alerts(message).flat_map(|alert| &mut alert.items).filter(|item| item.source.as_deref() == Some(fumo::ROOT))
}

/// The value of a node that the server reads.
fn value_of<'m>(message: &'m mut Message, node: &'m str) -> Option<&'m mut String> {
    let results = message.body.iter_mut().filter_map(|command| match command {
        Command::Results(results) => Some(&mut results.items),
        _ => None,
    });
    let item = results.flatten().find(|item| item.source.as_deref() == Some(node))?;
    item.data.as_mut()
}

fn says_that_the_server_began(message: &mut Message) {
    for alert in alerts(message).filter(|alert| alert.code == alert::CLIENT_INITIATED) {
        alert.code = alert::SERVER_INITIATED;
    }
}

fn leaves_out_its_language(message: &mut Message) {
    for command in &mut message.body {
        if let Command::Replace(replace) = command {
            replace.items.retain(|item| item.source.as_deref() != Some("./DevInfo/Lang"));
        }
    }
}

fn reads_from_the_server(message: &mut Message) {
    if message.header.msg_id == 1 {
        let get = Items { cmd_id: 90, items: vec![Item::for_target("./DevInfo/Mod")] };
        message.body.push(Command::Get(get));
    }
}

fn pads_its_session_id(message: &mut Message) {
    message.header.session_id = format!("{:0>4}", message.header.session_id);
}

fn reports_an_update_alone(message: &mut Message) {
    for item in firmware_items(message) {
        item.meta.media_type = Some(fumo::ALERT_UPDATE.into());
    }
}

fn drops_the_correlator(message: &mut Message) {
    let is_firmware = |alert: &Alert| alert.items.iter().any(|item| item.source.as_deref() == Some(fumo::ROOT));
    for alert in alerts(message).filter(|alert| is_firmware(alert)) {
        alert.correlator = None;
    }
}

fn takes_failures_easy(message: &mut Message) {
    for item in firmware_items(message) {
        item.meta.mark = Some("informational".into());
    }
}

fn reports_in_words(message: &mut Message) {
    for item in firmware_items(message) {
        item.data = Some("done".into());
    }
}

fn updates_for_ever(message: &mut Message) {
    if let Some(value) = value_of(message, fumo::STATE).filter(|value| matches!(value.as_str(), "90" | "100")) {
        *value = "60".into();
    }
}

fn fails_a_download_as_an_update(message: &mut Message) {
    if let Some(value) = value_of(message, fumo::STATE).filter(|value| *value == "20") {
        *value = "80".into();
    }
}

fn fails_an_update_as_a_download(message: &mut Message) {
    if let Some(value) = value_of(message, fumo::STATE).filter(|value| *value == "80") {
        *value = "20".into();
    }
}

fn invents_a_result(message: &mut Message) {
    for item in firmware_items(message) {
        if item.data.as_deref() == Some("503") {
            item.data = Some("504".into());
        }
    }
}

fn invents_a_result_of_a_component(message: &mut Message) {
    for item in alerts(message).flat_map(|alert| &mut alert.items) {
        item.data = item.data.take().map(|data| data.replace("<ResultCode>1405<", "<ResultCode>1414<"));
    }
}

fn shows_what_is_inactive_as_active(message: &mut Message) {
    if let Some(value) = value_of(message, "./SCOMO/Inventory/Deployed/player/State").filter(|value| *value == "10") {
        *value = "20".into();
    }
}

fn leaves_the_component_inactive(message: &mut Message) {
    if let Some(value) = value_of(message, "./SCOMO/Inventory/Deployed/player/State") {
        *value = "10".into();
    }
}
