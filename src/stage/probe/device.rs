//! Probes of a Device: whether it joins when it says that it listens, and what its instances share.

use serde_json::{Value, json};

use super::{ALONE, Finding, Made, NOWHERE, Prober, plan};
use crate::adapter::DeviceVerb;
use crate::net::kernel;
use crate::spec::{ChannelEntry, ChannelTable};
use crate::stage::cast::{delivery_channel, notification_channel};
use crate::subject::DeviceBrief;

/// The node by which instances are told apart.
const FIRMWARE: &str = "./DevDetail/FwV";

impl Prober<'_> {
    /// The probes of a Device.
    pub(super) async fn device(&mut self) -> Made {
        self.manners().await;
        let (one, other) = (self.entry(0), self.entry(2));
        let mut opened = self.open_device(1, "1.0", "probe-1").await;
        if opened.is_ok() && self.has_room_for_two() {
            opened = self.open_device(2, "2.0", "probe-2").await;
        }
        if let Err(finding) = opened {
            self.note("open", "as many instances can be open as `max_instances` says", finding);
            return Made::NotAll;
        }
        let odd = json!({ "verb": "stimulate", "instance": "probe-1", "stimulus": { "kind": NOWHERE } });
        let finding = self.unknown(odd, "stimulus").await;
        self.note("unknown-value", "a stimulus that does not exist is answered with `unsupported`", finding);
        if self.is_gone() {
            return Made::NotAll;
        }
        let finding = self.listening(&one).await;
        self.note("listening", "who answers `listen` is a member of the notification group", finding);
        if self.is_gone() {
            return Made::NotAll;
        }
        let finding = self.devices_apart(&other).await;
        self.note("instances-apart", "two instances share neither memberships nor state", finding);
        if self.is_gone() {
            return Made::NotAll;
        }
        let finding = self.leaving(&one).await;
        self.note("close", "a closed instance has given its sockets back", finding);
        if self.has_room_for_two() {
            // Whether the second is closed too changes nothing any more.
            let _ = self.close("probe-2").await;
        }
        Made::All
    }

    fn entry(&self, number: u16) -> ChannelEntry {
        self.lease.entry(number, self.lab.interface, self.lab.ttl)
    }

    async fn open_device(&self, number: u16, firmware: &str, instance: &str) -> Result<Value, Finding> {
        let plan = plan(number.into(), firmware);
        let folder = self.folder.path().join(instance);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Finding::unclear(format!("make a folder: {error}"), "make room for it"))?;
        let first = (number - 1) * 2;
        let brief = DeviceBrief {
            name: plan.name.clone(),
            // Nobody listens there: a probe brings no session about.
            configuration: self.cast.device(&plan, ([127, 0, 0, 1], 9).into()),
            channels: ChannelTable::from([
                (notification_channel(), self.entry(first)),
                (delivery_channel(), self.entry(first + 1)),
            ]),
            folder,
            seed: u64::from(number),
            clock: self.clock,
        };
        let open = DeviceVerb::Open(Box::new(brief.to_open(instance.to_owned())));
        self.adapter.expect(instance);
        self.need(serde_json::to_value(open).unwrap_or_default()).await
    }

    fn is_member(&self, entry: &ChannelEntry) -> Option<bool> {
        // Of a Device on another host this kernel knows nothing.
        if self.lab.is_elsewhere { None } else { kernel::is_member(entry.group, entry.interface) }
    }

    /// What comes of a probe where the kernel does not tell.
    fn untold(&self) -> Finding {
        match self.lab.is_elsewhere {
            true => Finding::unclear(
                "its sockets are not on this host, so the kernel does not tell of them",
                "where they are on this host after all, `sockets: here` in the profile says so",
            ),
            false => Finding::unclear(
                "the kernel does not tell memberships",
                "the kernel's table of memberships must be readable: /proc/net/igmp",
            ),
        }
    }

    async fn listening(&self, entry: &ChannelEntry) -> Finding {
        let was_member = self.is_member(entry);
        if let Err(finding) = self.need(json!({ "verb": "listen", "instance": "probe-1" })).await {
            return finding;
        }
        match (was_member, self.is_member(entry)) {
            (Some(false) | None, Some(true)) => Finding::held(format!("a member of {} when it said so", entry.group)),
            (Some(true), _) => Finding::unclear(
                format!("something was a member of {} before it listened", entry.group),
                "join when told to `listen`, and not before",
            ),
            (_, Some(false)) => {
                let late = if self.until(|| self.is_member(entry)).await == Some(true) { " until later" } else { "" };
                Finding::contradicted(
                    format!(
                        "it says that it listens, and nobody was a member of {} on {}{late}",
                        entry.group, entry.interface
                    ),
                    "join the group of the notification channel on the interface given in `open`, and answer `listen` \
                     only when the join has succeeded; where the Device is not on this host, say `sockets: elsewhere` in \
                     the profile",
                )
            }
            (_, None) => self.untold(),
        }
    }

    async fn devices_apart(&self, other: &ChannelEntry) -> Finding {
        if !self.has_room_for_two() {
            return Finding::held(ALONE);
        }
        if self.is_member(other) == Some(true) {
            return Finding::contradicted(
                format!("only the first of two instances was told to listen, and {} is joined too", other.group),
                "keep everything of an instance with the instance: `listen` names the one that is meant",
            );
        }
        let mut seen = Vec::new();
        for (instance, factory) in [("probe-1", "1.0"), ("probe-2", "2.0")] {
            let query = json!({ "verb": "query", "instance": instance, "nodes": [FIRMWARE] });
            match self.adapter.ask_oddly(query).await {
                Ok(crate::adapter::Outcome::Ok(said)) => {
                    let value = said["nodes"][FIRMWARE].as_str().unwrap_or("nothing").to_owned();
                    if value != factory {
                        return Finding::contradicted(
                            format!(
                                "{instance} left the factory with firmware {factory}, and says that it runs {value}"
                            ),
                            "keep the state of each instance in its own folder and its own memory",
                        );
                    }
                    seen.push(value);
                }
                // An adapter may do without `query`; then memberships alone tell.
                Ok(_) => {}
                Err(reason) => {
                    return Finding::unclear(reason, "answer every request, also while two instances are open");
                }
            }
        }
        match seen.is_empty() {
            true => Finding::held("memberships are apart; without `query` nothing is known of their state"),
            false => Finding::held(format!("memberships are apart, and firmware is {}", seen.join(" and "))),
        }
    }

    async fn leaving(&self, entry: &ChannelEntry) -> Finding {
        let was_joined = self.is_member(entry);
        if let Err(finding) = self.close("probe-1").await {
            return finding;
        }
        match self.until(|| self.is_member(entry).map(|is_member| !is_member)).await {
            Some(true) if was_joined == Some(false) => Finding::unclear(
                format!("nobody had joined {}, so there was nothing to leave", entry.group),
                "this is told once the adapter has `listen`",
            ),
            Some(true) => Finding::held(format!("{} was left", entry.group)),
            Some(false) => Finding::contradicted(
                format!("it says that the instance is closed, and {} is still joined", entry.group),
                "close every socket of the instance before you answer `close`",
            ),
            None => self.untold(),
        }
    }
}
