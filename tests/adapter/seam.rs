//! Everything that an implementation in this process is given, another process is given too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use castproof::adapter::{
    CampaignRequests, DeviceStimulus, DeviceVerb, OpenDevice, OpenProvider, ProviderVerb, Request, StartRequest,
};
use castproof::delivery::{FluteVersion, Parity};
use castproof::device::{DeviceConfiguration, LocalCondition, Registration, UserAnswer};
use castproof::net::Clock;
use castproof::provider::{
    BroadcastPlan, CampaignPlan, CareSteps, CommandPlan, Content, PackagesJoin, ProviderConfiguration, SettingChange,
};
use castproof::spec::{
    Account, BasisPoints, CareProcess, ChannelEntry, ChannelTable, Consent, DeviceTraits, ExceptionRule,
    ExceptionSchedule, ReportTiming, Reporters, Reporting, Rollout, RuleAction, SequenceNumber, Severity, Situation,
    Target, Timestamp,
};
use castproof::subject::{DeviceBrief, Power, PowerFailure, ProviderBrief, Stimulus};
use castproof::wire::announcement::{SigningKey, VerifyingKey};
use castproof::wire::package0::GroupAccount;
use castproof::wire::syncml::{Command, Exec, Group, Item, Items, Meta};

/// The text as any kind of name.
fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The verb as it comes out at the other end of a pipe.
fn over_the_pipe<V: castproof::adapter::Verbs + std::fmt::Debug>(verb: V) -> V {
    let line = castproof::adapter::to_line(&Request { id: 5, verb }).unwrap();
    let request = Request::read(super::object(std::str::from_utf8(&line).unwrap().trim_end())).unwrap();
    assert_eq!(request.id, 5);
    request.verb
}

fn account() -> Account {
    Account {
        server: name("sp.example"),
        server_url: "http://127.0.0.1:8080/dm".into(),
        user: "d1".into(),
        password: "secret".into(),
        server_password: "other".into(),
        server_nonce: vec![0, 255, 7],
    }
}

fn group() -> GroupAccount {
    GroupAccount { server: name("sp.example"), password: "group".into(), nonce: vec![1, 2, 3] }
}

fn channels() -> ChannelTable {
    let entry = |group: &str, source: Option<&str>| ChannelEntry {
        group: group.parse().unwrap(),
        port: 2948,
        interface: "127.0.0.1".parse().unwrap(),
        source: source.map(|address| address.parse().unwrap()),
        ttl: 1,
    };
    BTreeMap::from([
        (name("notification"), entry("239.192.7.1", None)),
        (name("delivery"), entry("239.192.7.2", Some("127.0.0.1"))),
    ])
}

fn key(octet: u8) -> SigningKey {
    SigningKey::from_bytes(&[octet; 32])
}

/// The public half, in the coordinates in which it is read.
fn anchor(octet: u8) -> VerifyingKey {
    VerifyingKey::from_bytes(key(octet).verifying_key().as_bytes()).unwrap()
}

#[test]
fn a_device_is_opened_with_everything_that_its_brief_holds() {
    let registration = Registration {
        server: name("sp.example"),
        group: group(),
        keys: BTreeMap::from([(name("sp-key-1"), anchor(1))]),
        revoked: BTreeMap::from([(name("sp-key-0"), anchor(2))]),
    };
    let configuration = DeviceConfiguration {
        traits: DeviceTraits {
            id: name("urn:imei:490154203237518"),
            manufacturer: "Acme".into(),
            model: "X1".into(),
            hardware_version: "B".into(),
            firmware: name("1.0"),
            software: BTreeMap::from([(name("player"), name("3.1"))]),
            groups: vec!["pilots".into()],
            area: Some("north".into()),
        },
        registrations: vec![registration],
        account: account(),
        notification: name("notification"),
        settings: BTreeMap::from([(name("./Settings/Apn"), "a \"quoted\" value\n".into())]),
        read_only: BTreeSet::from([name("./Settings/Apn")]),
    };
    let host = Clock::start();
    let brief = DeviceBrief {
        name: "D1-7".into(),
        configuration,
        channels: channels(),
        folder: "/tmp/castproof/D1".into(),
        seed: u64::MAX,
        clock: host.delayed(Duration::from_secs(3600)),
    };

    let open: OpenDevice = brief.to_open("D1-7".into());
    let DeviceVerb::Open(read) = over_the_pipe(DeviceVerb::Open(Box::new(open.clone()))) else { panic!() };

    assert_eq!(*read, open);
    assert_eq!(open.clock_offset_ms, -3_600_000);
    let again = DeviceBrief::of_open(&read, host).unwrap();
    assert_eq!(format!("{again:?}"), format!("{brief:?}"));
    // Debug leaves the secrets out.
    let DeviceConfiguration { account, registrations, .. } = again.configuration;
    assert!(account == super::seam::account() && registrations[0].group == group());
}

#[test]
fn a_provider_is_opened_with_everything_that_its_brief_holds() {
    let host = Clock::start();
    let brief = ProviderBrief {
        name: "sp".into(),
        configuration: ProviderConfiguration {
            server: name("sp.example"),
            group: group(),
            key_id: name("sp-key-1"),
            key: key(1),
            accounts: BTreeMap::from([(name("urn:imei:490154203237518"), account())]),
            notification: name("notification"),
            delivery: name("delivery"),
        },
        channels: channels(),
        listen: "127.0.0.1:0".parse().unwrap(),
        folder: "/tmp/castproof/sp".into(),
        sequence: SequenceNumber(40),
        seed: 3,
        clock: host,
    };

    let open: OpenProvider = brief.to_open("sp".into());
    let ProviderVerb::Open(read) = over_the_pipe(ProviderVerb::Open(Box::new(open.clone()))) else { panic!() };

    assert_eq!(*read, open);
    assert_eq!(open.clock_offset_ms, 0);
    let again = ProviderBrief::of_open(&read, host).unwrap();
    assert_eq!(format!("{again:?}"), format!("{brief:?}"));
    let ProviderConfiguration { key, group, accounts, .. } = again.configuration;
    assert!(key.as_bytes() == self::key(1).as_bytes() && group == self::group());
    assert!(accounts.into_values().all(|account| account == self::account()));
}

#[test]
fn a_key_that_is_none_is_refused() {
    let host = Clock::start();
    let mut open = OpenDevice {
        registrations: Vec::new(),
        ..serde_json::from_value(serde_json::json!({
            "instance": "a", "folder": "/tmp/a", "channels": {}, "notification": "notification",
            "device": {
                "id": "urn:a", "manufacturer": "", "model": "", "hardware_version": "", "firmware": "1",
            },
            "settings": {}, "registrations": [], "seed": 1,
            "account": {
                "server": "sp", "url": "", "user": "", "password": "", "server_password": "", "server_nonce": "",
            },
        }))
        .unwrap()
    };
    assert!(DeviceBrief::of_open(&open, host).is_ok());

    open.registrations = serde_json::from_value(serde_json::json!([{
        "server": "sp", "group_account": {"password": "", "nonce": ""}, "keys": {"k": "AAAA"},
    }]))
    .unwrap();

    assert_eq!(DeviceBrief::of_open(&open, host).unwrap_err().to_string(), "key `k` has 3 octets, not 32");
}

/// A plan in which nothing is as usual.
fn plan(content: Content, commands: Vec<Command>) -> CampaignPlan {
    CampaignPlan {
        campaign: name("spring-patch"),
        target: Target {
            manufacturer: Some("Acme".into()),
            model: Some("X1".into()),
            hardware_versions: vec!["A".into(), "B".into()],
            from_versions: vec![name("1.0")],
            component: Some(name("player")),
            groups: vec!["pilots".into()],
            areas: vec!["north".into()],
            share: BasisPoints::new(2_500),
            resulting_version: Some(name("2.0")),
        },
        content,
        command: CommandPlan {
            commands: Some(commands),
            target: Some("urn:imei:490154203237518".into()),
            omits_schedule: true,
        },
        consent: Some(Consent { severity: Severity::Mandatory, longest_deferral: Duration::from_millis(700) }),
        rollout: Rollout {
            not_before: Some(Timestamp::from_millis(1)),
            not_after: Some(Timestamp::from_millis(2)),
            start_window: Duration::from_millis(3),
        },
        reporting: Reporting {
            who: Reporters::FailuresOnly,
            offset: Duration::from_millis(4),
            window: Duration::from_millis(5),
            sample: BasisPoints::new(6).unwrap(),
            attempts: 7,
            retry_interval: Duration::from_millis(8),
        },
        lifetime: Duration::from_millis(9),
        age: Duration::from_millis(10),
        broadcast: BroadcastPlan {
            repetitions: 11,
            version: FluteVersion::V1,
            symbol_length: 512,
            lead: Duration::from_millis(12),
            cycle_gap: Duration::from_millis(13),
            parity: Parity::RaptorQ(14),
            packages_join: PackagesJoin::Later,
        },
        inspect: vec!["./StatusLog".into()],
        companions: vec![Arc::from(&b"other"[..])],
        care: CareSteps { next: vec![CareProcess::Escalate], patience: Duration::from_millis(15) },
    }
}

fn commands() -> Vec<Command> {
    let meta = Meta { media_type: Some("text/plain".into()), format: Some("chr".into()), mark: None };
    let set = Item { meta, data: Some("{package}".into()), ..Item::for_target("./A") };
    let items = |item| Items { cmd_id: 0, items: vec![item] };
    let inner = vec![Command::Replace(items(set)), Command::Delete(items(Item::for_target("./B")))];
    let exec = Exec { cmd_id: 0, correlator: Some("other".into()), item: Item::for_target("./FUMO/Update") };
    vec![
        Command::Add(items(Item::text("./C", "c"))),
        Command::Get(items(Item::for_target("./D"))),
        Command::Sequence(Group { cmd_id: 0, commands: vec![Command::Atomic(Group { cmd_id: 0, commands: inner })] }),
        Command::Exec(exec),
    ]
}

/// The plan as it comes out at the other end of a pipe.
fn plan_over_the_pipe(plan: &CampaignPlan) -> CampaignPlan {
    let requests = CampaignRequests::new("sp", plan).unwrap();
    let care = requests.care.map(|care| match over_the_pipe(ProviderVerb::Care(care)) {
        ProviderVerb::Care(care) => care.steps(),
        other => panic!("{other:?}"),
    });
    let care = care.unwrap_or_default();
    match *requests.start {
        StartRequest::Push(push) => match over_the_pipe(ProviderVerb::Push(Box::new(push))) {
            ProviderVerb::Push(push) => push.plan(care).unwrap(),
            other => panic!("{other:?}"),
        },
        StartRequest::Provision(provision) => match over_the_pipe(ProviderVerb::Provision(Box::new(provision))) {
            ProviderVerb::Provision(provision) => provision.plan(care).unwrap(),
            other => panic!("{other:?}"),
        },
    }
}

#[test]
fn a_campaign_is_pushed_with_everything_that_its_plan_holds() {
    let timing = ReportTiming {
        offset: Duration::from_millis(16),
        window: Duration::from_millis(17),
        attempts: 18,
        retry_interval: Duration::from_millis(19),
    };
    let rule = |situation, action, process| ExceptionRule { situation, action, process };
    let schedule = ExceptionSchedule {
        rules: vec![
            rule(Situation::Node(name("./Settings/Apn")), RuleAction::Report(timing), CareProcess::ReProvision),
            rule(Situation::Status(425), RuleAction::StaySilent, CareProcess::Ignore),
            rule(Situation::StatusClass(5), RuleAction::StaySilent, CareProcess::Ignore),
            rule(Situation::Any, RuleAction::StaySilent, CareProcess::Escalate),
        ],
    };
    let changes = vec![
        SettingChange::Replace(name("./Settings/Apn"), "x".into()),
        SettingChange::Add(name("./Settings/New"), String::new()),
        SettingChange::Delete(name("./Settings/Old")),
    ];
    let contents = [
        Content::Firmware(Arc::from(&[0u8, 255, 1][..])),
        Content::Software(name("player"), Arc::from(&[][..])),
        Content::Provisioning { changes: changes.clone(), atomic: true, schedule: Some(schedule) },
        Content::Provisioning { changes, atomic: false, schedule: None },
    ];
    for content in contents {
        let plan = plan(content, commands());
        assert_eq!(format!("{:?}", plan_over_the_pipe(&plan)), format!("{plan:?}"));
    }
}

#[test]
fn a_usual_campaign_stays_usual() {
    let plan = CampaignPlan::new(name("spring-patch"), Content::Firmware(Arc::from(&b"image"[..])));

    assert_eq!(format!("{:?}", plan_over_the_pipe(&plan)), format!("{plan:?}"));
    assert!(CampaignRequests::new("sp", &plan).unwrap().care.is_none());
}

#[test]
fn every_stimulus_has_its_words() {
    let all = [
        Stimulus::Condition(LocalCondition::StorageFull(true)),
        Stimulus::Condition(LocalCondition::InstallerFails(false)),
        Stimulus::Condition(LocalCondition::NoRoomToInstall(true)),
        Stimulus::Condition(LocalCondition::SettingsFail(true)),
        Stimulus::Condition(LocalCondition::FullLog),
        Stimulus::Condition(LocalCondition::GivesWay(2)),
        Stimulus::Answer(name("c"), UserAnswer::Approve),
        Stimulus::Answer(name("c"), UserAnswer::Decline),
        Stimulus::Answer(name("c"), UserAnswer::Postpone(Duration::from_millis(300))),
        Stimulus::Power(Power::Off),
        Stimulus::PowerFails(PowerFailure::WhileWriting),
        Stimulus::PowerFails(PowerFailure::OnceWritten),
        Stimulus::PowerFails(PowerFailure::OnceReceived),
        Stimulus::WithdrawRegistration(name("sp.example")),
        Stimulus::Receiver(Power::On),
    ];
    for stimulus in all {
        let said = DeviceStimulus::from(&stimulus);
        let read: DeviceStimulus = serde_json::from_value(serde_json::to_value(&said).unwrap()).unwrap();
        assert_eq!(Stimulus::from(&read), stimulus);
        let words = serde_json::to_value(&said).unwrap();
        assert!(DeviceStimulus::NAMES.contains(&words["kind"].as_str().unwrap()), "{words}");
    }
}
