//! Probes of a Service Provider: whether what it says is on the air is on the air, and what its instances share.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{ALONE, Finding, Made, NOWHERE, PATIENCE, ProbeError, Prober, plan};
use crate::adapter::{CampaignRequests, OpenedProvider, ProviderVerb, StartRequest};
use crate::net::MulticastReceiver;
use crate::provider::{CampaignPlan, Content};
use crate::spec::{CampaignId, ChannelTable, SequenceNumber};
use crate::stage::cast::{delivery_channel, notification_channel};
use crate::stage::running::SEQUENCE;
use crate::subject::ProviderBrief;

/// Octets of the package that is pushed.
const PACKAGE: usize = 2048;

impl Prober<'_> {
    /// The probes of a Service Provider.
    pub(super) async fn provider(&mut self) -> Result<Made, ProbeError> {
        self.manners().await;
        let mut servers = Vec::new();
        for (first, instance) in [(0, "probe-1"), (2, "probe-2")] {
            if first > 0 && !self.has_room_for_two() {
                break;
            }
            match self.open_provider(first, instance).await {
                Ok(address) => servers.push(address),
                Err(finding) => {
                    let expected = "as many instances can be open as `max_instances` says, and each says where its DM \
                                    Server listens";
                    self.note("open", expected, finding);
                    return Ok(Made::NotAll);
                }
            }
        }
        let mut odd = push("probe-1");
        odd["campaign"]["broadcast"]["parity"] = json!({ "scheme": NOWHERE, "symbols": 1 });
        let finding = self.unknown(odd, "scheme of parity").await;
        self.note("unknown-value", "a scheme of parity that does not exist is answered with `unsupported`", finding);
        if self.is_gone() {
            return Ok(Made::NotAll);
        }
        let finding = self.pushed().await?;
        self.note("pushed", "who answers `push` has put the notification on its group", finding);
        if self.is_gone() {
            return Ok(Made::NotAll);
        }
        let finding = self.apart(&servers).await;
        self.note("instances-apart", "instances have a DM Server each, and all answer connections", finding);
        let finding = self.closing(servers[0]).await;
        self.note("close", "a closed instance has given its sockets back", finding);
        if self.has_room_for_two() {
            // Whether the second is closed too changes nothing any more.
            let _ = self.close("probe-2").await;
        }
        Ok(Made::All)
    }

    async fn open_provider(&self, first: u16, instance: &str) -> Result<SocketAddr, Finding> {
        let folder = self.folder.path().join(instance);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Finding::unclear(format!("make a folder: {error}"), "make room for it"))?;
        let entry = |number| self.lease.entry(number, self.lab.interface, self.lab.ttl);
        let brief = ProviderBrief {
            name: instance.to_owned(),
            configuration: self.cast.provider(&[plan(1, "1.0")]),
            channels: ChannelTable::from([
                (notification_channel(), entry(first)),
                (delivery_channel(), entry(first + 1)),
            ]),
            listen: self.lab.any_port(),
            folder,
            sequence: SequenceNumber(SEQUENCE),
            seed: u64::from(first),
            clock: self.clock,
        };
        let open = ProviderVerb::Open(Box::new(brief.to_open(instance.to_owned())));
        self.adapter.expect(instance);
        let said = self.need(serde_json::to_value(open).unwrap_or_default()).await?;
        let opened: OpenedProvider = serde_json::from_value(said).map_err(|error| {
            Finding::unclear(
                format!("the answer to `open` is none: {error}"),
                "docs/adapter/ holds the schema of answers",
            )
        })?;
        Ok(opened.address)
    }

    async fn pushed(&self) -> Result<Finding, ProbeError> {
        let entry = self.lease.entry(0, self.lab.interface, self.lab.ttl);
        let receiver = MulticastReceiver::join(&entry)?;
        if let Err(finding) = self.need(push("probe-1")).await {
            return Ok(finding);
        }
        let mut buffer = vec![0; 65_536];
        let heard = timeout(PATIENCE.mul_f64(self.adapter.patience()), receiver.recv(&mut buffer)).await;
        Ok(match heard {
            Ok(Ok((length, _))) => Finding::held(format!("a datagram of {length} octets came to {}", entry.group)),
            Ok(Err(error)) => Finding::unclear(format!("receive: {error}"), "`castproof doctor` tells more"),
            Err(_) => Finding::contradicted(
                format!("it says that the campaign is pushed, and nothing came to {}:{}", entry.group, entry.port),
                "answer `push` when the notification is on the air: on the group, port and interface of the notification \
                 channel in `open`, with IP_MULTICAST_IF set to that interface",
            ),
        })
    }

    async fn connects(&self, address: SocketAddr) -> bool {
        let connected = timeout(PATIENCE.mul_f64(self.adapter.patience()), TcpStream::connect(address)).await;
        matches!(connected, Ok(Ok(_)))
    }

    async fn apart(&self, servers: &[SocketAddr]) -> Finding {
        const ADVICE: &str = "give each instance a DM Server of its own, at the address that `open` asks for; with port 0 let \
                              the system choose one, and say which";
        if let [one, other] = servers
            && one == other
        {
            return Finding::contradicted(format!("both instances say that their DM Server listens at {one}"), ADVICE);
        }
        for address in servers {
            if !self.connects(*address).await {
                return Finding::contradicted(
                    format!("it says that a DM Server listens at {address}, and none does"),
                    ADVICE,
                );
            }
        }
        let servers: Vec<String> = servers.iter().map(SocketAddr::to_string).collect();
        let alone = if self.has_room_for_two() { String::new() } else { format!("; {ALONE}") };
        Finding::held(format!("a DM Server listens at {}{alone}", servers.join(" and ")))
    }

    async fn closing(&self, one: SocketAddr) -> Finding {
        if let Err(finding) = self.close("probe-1").await {
            return finding;
        }
        let end = self.clock.now() + PATIENCE.mul_f64(self.adapter.patience());
        while self.connects(one).await {
            if self.clock.now() >= end {
                return Finding::contradicted(
                    format!("it says that the instance is closed, and its DM Server still listens at {one}"),
                    "close every socket of the instance before you answer `close`",
                );
            }
            self.clock.sleep_until(self.clock.now() + super::LOOK).await;
        }
        Finding::held(format!("nothing listens at {one} any more"))
    }
}

/// A push of firmware to everybody.
fn push(instance: &str) -> Value {
    let campaign = CampaignId::new("honesty-probe").expect("a short printable name");
    let plan = CampaignPlan::new(campaign, Content::Firmware(Arc::from(vec![0x5a; PACKAGE])));
    let start = CampaignRequests::new(instance, &plan).map(|requests| *requests.start);
    let verb = match start {
        Ok(StartRequest::Push(push)) => ProviderVerb::Push(Box::new(push)),
        Ok(StartRequest::Provision(provision)) => ProviderVerb::Provision(Box::new(provision)),
        Err(_) => return Value::Null,
    };
    serde_json::to_value(verb).unwrap_or_default()
}
