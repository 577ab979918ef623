//! `castproof reference`: the reference behind the protocol, as a client in another process meets it.
//!
//! `CASTPROOF_RENEW=1` writes the conversations to `docs/adapter/`, where they serve as vectors.

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use castproof::adapter::Object;
use castproof::net::{Lease, kernel};
use castproof::spec::ChannelEntry;
use serde_json::{Value, json};

use super::conversation;

/// How long anything may take on a busy host.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A reference in a process of its own.
struct Reference {
    process: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
    /// Every line so far, in both directions.
    conversation: Vec<String>,
    /// Events that came while an answer was awaited.
    events: Vec<Value>,
    last_id: u64,
}

impl Reference {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
        let command = command.arg("reference").args(arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let input = process.stdin.take();
        Self { process, input, lines, conversation: Vec::new(), events: Vec::new(), last_id: 0 }
    }

    /// Writes a line as it is.
    fn write(&mut self, line: &str) {
        let mut input = self.input.as_ref().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.conversation.push(line.to_owned());
    }

    /// The next line.
    fn read(&mut self) -> Value {
        let line = self.lines.recv_timeout(DEADLINE).unwrap();
        self.conversation.push(line.clone());
        serde_json::from_str(&line).unwrap()
    }

    fn request(&mut self, verb: &str, with: Value) -> u64 {
        self.last_id += 1;
        // For a reader: what is asked, and of whom, comes first.
        let mut request = format!("{{\"id\":{},\"verb\":\"{verb}\"", self.last_id);
        let members = with.as_object().unwrap();
        let of_whom = members.iter().filter(|(name, _)| *name == "instance");
        for (name, value) in of_whom.chain(members.iter().filter(|(name, _)| *name != "instance")) {
            request.push_str(&format!(",\"{name}\":{value}"));
        }
        self.write(&(request + "}"));
        self.last_id
    }

    /// Asks, and gives what is answered.
    fn ask(&mut self, verb: &str, with: Value) -> Value {
        let id = self.request(verb, with);
        loop {
            let mut said = self.read();
            if said.get("event").is_some() {
                self.events.push(said);
                continue;
            }
            assert_eq!(said["id"], id, "{said}");
            said.as_object_mut().unwrap().remove("id");
            return said;
        }
    }

    fn hello(&mut self, role: &str) -> Value {
        let suite = json!({"name": "castproof", "version": env!("CARGO_PKG_VERSION")});
        self.ask("hello", json!({"protocols": [1], "role": role, "suite": suite}))
    }

    /// The next event that is of this kind.
    fn event(&mut self, kind: &str) -> Value {
        loop {
            if let Some(index) = self.events.iter().position(|event| event["event"] == kind) {
                return self.events.remove(index);
            }
            let said = self.read();
            assert!(said.get("event").is_some(), "{said}");
            self.events.push(said);
        }
    }

    /// Ends it with `bye`; gives the conversation.
    fn bye(mut self) -> Vec<String> {
        assert_eq!(self.ask("bye", json!({})), json!({"ok": {}}));
        self.ended();
        std::mem::take(&mut self.conversation)
    }

    /// Waits for its end, with exit code 0.
    fn ended(&mut self) {
        assert!(self.lines.recv_timeout(DEADLINE).is_err(), "a line after the end");
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn channel(entry: &ChannelEntry) -> Value {
    json!({"group": entry.group, "port": entry.port, "interface": entry.interface, "ttl": entry.ttl})
}

fn account(server: &str) -> Value {
    json!({
        "server": "sp.example", "url": format!("http://{server}/dm"), "user": "d10",
        "password": "d10-secret", "server_password": "sp-secret", "server_nonce": "c3RhcnQ=",
    })
}

/// The channels of a test, and a folder.
struct Place {
    // Holds the ports.
    _lease: Lease,
    notification: ChannelEntry,
    channels: Value,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let lease = Lease::take(2).unwrap();
        let (notification, delivery) = (lease.entry(0, LOOPBACK, 1), lease.entry(1, LOOPBACK, 1));
        let channels = json!({"notification": channel(&notification), "delivery": channel(&delivery)});
        Self { _lease: lease, notification, channels, folder: tempfile::tempdir().unwrap() }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn provider(&self, instance: &str, listen: &str) -> Value {
        json!({
            "instance": instance, "folder": self.folder("sp"), "channels": self.channels,
            "notification": "notification", "delivery": "delivery", "listen": listen, "server": "sp.example",
            "group_account": {"password": "group-secret", "nonce": "Z3JvdXAtbm9uY2U="},
            "key_id": "sp-key-1", "signing_key": "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=",
            "accounts": {"urn:imei:490154203237518": account("127.0.0.1:9")}, "sequence": 40, "seed": 1,
        })
    }

    fn device(&self, instance: &str, server: &str) -> Value {
        json!({
            "instance": instance, "folder": self.folder(instance), "channels": self.channels,
            "notification": "notification",
            "device": {
                "id": "urn:imei:490154203237518", "manufacturer": "Acme", "model": "X1", "hardware_version": "B",
                "firmware": "1.0", "software": {"player": "3.1"},
            },
            "settings": {"./Settings/Apn": "old.example", "./Settings/Locked": "1"},
            "read_only": ["./Settings/Locked"],
            "registrations": [{
                "server": "sp.example", "group_account": {"password": "group-secret", "nonce": "Z3JvdXAtbm9uY2U="},
                "keys": {"sp-key-1": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
            }],
            "account": account(server), "seed": 2,
        })
    }

    fn is_joined(&self) -> bool {
        kernel::is_member(self.notification.group, LOOPBACK).unwrap()
    }
}

/// A campaign that a Device on a busy host hears too: nothing here judges times, and who misses it waits for its end.
fn campaign(id: &str, more: Value) -> Value {
    let mut campaign = json!({
        "id": id,
        "reporting": {
            "who": "everybody", "sample": 10_000,
            "timing": {"offset_ms": 0, "window_ms": 50, "attempts": 3, "retry_interval_ms": 500},
        },
        "lifetime_ms": 60_000,
        "broadcast": {
            "repetitions": 5, "flute_version": 2, "symbol_length": 1024, "lead_ms": 300, "cycle_gap_ms": 200,
            "packages_join": "at-first",
        },
    });
    campaign.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    campaign
}

/// Asks until the record knows the Device.
fn recorded(provider: &mut Reference, instance: &str, id: &str) -> Value {
    let clock = castproof::net::Clock::start();
    let end = clock.now() + DEADLINE;
    loop {
        let said = provider.ask("query", json!({"instance": instance, "campaign": id}));
        match &said["ok"]["results"]["urn:imei:490154203237518"] {
            Value::Null => {
                assert!(clock.now() < end, "no result of {id}");
                // Only what is said in the end is worth a place among the vectors.
                provider.conversation.truncate(provider.conversation.len() - 2);
                provider.last_id -= 1;
            }
            result => return result.clone(),
        }
    }
}

fn assert_vector(name: &str, conversation: &[String]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/adapter").join(name);
    if std::env::var_os("CASTPROOF_RENEW").is_some_and(|value| value == "1") {
        std::fs::write(&path, conversation.join("\n") + "\n").unwrap();
    }
}

#[test]
fn both_references_play_a_campaign_over_the_protocol() {
    let place = Place::new();
    let mut provider = Reference::start(&["provider"]);
    let mut device = Reference::start(&["device"]);
    assert_eq!(provider.hello("provider")["ok"]["protocol"], 1);
    let greeting = device.hello("device");
    assert_eq!(device.hello("device"), greeting);
    let opened = provider.ask("open", place.provider("sp-1", "127.0.0.1:0"));
    let server = opened["ok"]["address"].as_str().unwrap().to_owned();
    assert_eq!(device.ask("open", place.device("D1-1", &server)), json!({"ok": {}}));
    assert!(!place.is_joined());
    assert_eq!(device.ask("listen", json!({"instance": "D1-1"})), json!({"ok": {}}));
    assert!(place.is_joined());

    // Firmware, approved by the End User.
    let asked = campaign(
        "spring-patch",
        json!({
            "target": {"manufacturer": "Acme", "from_versions": ["1.0"], "resulting_version": "2.0"},
            "consent": {"severity": "optional", "longest_deferral_ms": 60_000},
            "inspect": ["./DevDetail/FwV"],
        }),
    );
    let package = json!({"kind": "firmware", "octets": "UGFja2FnZQ=="});
    let pushed = provider.ask("push", json!({"instance": "sp-1", "campaign": asked, "package": package}));
    assert_eq!(pushed, json!({"ok": {"sequence": 41}}));
    let prompt = device.event("prompted");
    assert_eq!((&prompt["campaign"], &prompt["may_decline"]), (&json!("spring-patch"), &json!(true)));
    let approve = json!({"instance": "D1-1", "stimulus": {"kind": "approve", "campaign": "spring-patch"}});
    assert_eq!(device.ask("stimulate", approve), json!({"ok": {}}));
    let result = recorded(&mut provider, "sp-1", "spring-patch");
    assert_eq!(result, json!({"code": 200, "success": true, "care": "not-needed"}));
    let nodes = json!({"instance": "D1-1", "nodes": ["./DevDetail/FwV", "./FUMO/State", "./Settings/None"]});
    let values = device.ask("query", nodes);
    assert_eq!(values["ok"]["nodes"]["./DevDetail/FwV"], "2.0");
    assert_eq!(values["ok"]["nodes"]["./Settings/None"], Value::Null);

    assert_eq!(device.event("settled")["code"], 200);

    // Settings, one of them read-only; the provider's care comes to nothing.
    let care = json!({"instance": "sp-1", "campaign": "roaming", "next": ["escalate"], "patience_ms": 2_000});
    assert_eq!(provider.ask("care", care), json!({"ok": {}}));
    let report = json!({"offset_ms": 0, "window_ms": 50, "attempts": 3, "retry_interval_ms": 500});
    let settings = |id: &str| {
        json!({
            "instance": "sp-1", "campaign": campaign(id, json!({})), "atomic": false,
            "changes": [
                {"change": "replace", "node": "./Settings/Apn", "value": "internet.example"},
                {"change": "replace", "node": "./Settings/Locked", "value": "0"},
            ],
        })
    };
    let mut provision = settings("roaming");
    provision["schedule"] = json!([{"situation": "any", "report": report, "process": "re-provision"}]);
    assert_eq!(provider.ask("provision", provision), json!({"ok": {"sequence": 42}}));
    let result = recorded(&mut provider, "sp-1", "roaming");
    assert_eq!((&result["code"], &result["success"]), (&json!(425), &json!(false)));
    let refused = provider.ask("provision", settings("no-schedule"));
    assert_eq!(refused["error"]["kind"], "refused", "{refused}");

    // The provider restarts where it was, and goes on.
    assert_eq!(provider.ask("close", json!({"instance": "sp-1"})), json!({"ok": {}}));
    let again = provider.ask("open", place.provider("sp-2", &server));
    assert_eq!(again["ok"]["address"], server.as_str(), "{again}");
    assert_eq!(recorded(&mut provider, "sp-2", "spring-patch")["code"], 200);

    // Power, and the rest of the conversation.
    let power = |on: bool| json!({"instance": "D1-1", "stimulus": {"kind": "power", "on": on}});
    assert_eq!(device.ask("stimulate", power(false)), json!({"ok": {}}));
    assert!(!place.is_joined());
    assert_eq!(device.ask("stimulate", power(true)), json!({"ok": {}}));
    assert!(place.is_joined());
    let unknown = device.ask("stimulate", json!({"instance": "D1-1", "stimulus": {"kind": "earthquake"}}));
    assert!(unknown["unsupported"].as_str().unwrap().contains("earthquake"), "{unknown}");
    device.conversation.truncate(device.conversation.len() - 2);
    device.last_id -= 1;
    let nobody = device.ask("listen", json!({"instance": "D2-1"}));
    assert_eq!(nobody["error"]["kind"], "instance");
    assert_eq!(device.ask("close", json!({"instance": "D1-1"})), json!({"ok": {}}));
    assert!(!place.is_joined());

    assert_vector("device.jsonl", &device.bye());
    assert_vector("provider.jsonl", &provider.bye());
}

#[test]
fn the_recorded_conversations_are_of_the_protocol() {
    let read = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/adapter").join(name);
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(super::object).collect::<Vec<Object>>()
    };
    let verbs = |lines: &[Object]| {
        let verbs = lines.iter().filter_map(|line| line.0.get("verb").and_then(Value::as_str));
        verbs.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let (device, provider) = (read("device.jsonl"), read("provider.jsonl"));
    assert_eq!(verbs(&device).len(), 7, "every verb is in the vectors");
    assert_eq!(verbs(&provider).len(), 8, "every verb is in the vectors");

    assert!(conversation::check_device(device) > 8);
    assert!(conversation::check_provider(provider) > 8);
}

#[test]
fn what_is_no_request_is_answered_in_words_and_the_adapter_goes_on() {
    let mut device = Reference::start(&["device", "--deviation", "device.ignores-signature"]);
    let table = [
        ("hello there", "malformed", "no JSON object"),
        ("{\"id\":1", "malformed", "no JSON object"),
        (r#"{"id":2,"verb":"listen","instance":"x","loud":1}"#, "malformed", "unknown field `loud`"),
        (r#"{"id":3,"verb":"close","instance":"x"}"#, "instance", "no instance `x` is open"),
    ];
    for (line, kind, words) in table {
        device.write(line);
        let said = device.read();
        assert_eq!(said["error"]["kind"], kind, "{said}");
        assert!(said["error"]["reason"].as_str().unwrap().contains(words), "{said}");
    }
    device.write(&format!("{{\"a\":\"{}\"}}", "x".repeat(3 << 20)));
    assert!(device.read()["error"]["reason"].as_str().unwrap().contains("more than 1048576 octets"));
    for (line, words) in [
        (r#"{"id":4,"verb":"dance"}"#, "called `dance`"),
        (r#"{"id":5,"verb":"push","instance":"x"}"#, "called `push`"),
        (
            r#"{"id":6,"verb":"hello","protocols":[7],"role":"device","suite":{"name":"x","version":"1"}}"#,
            "knows protocol 1 alone",
        ),
        (
            r#"{"id":7,"verb":"hello","protocols":[1],"role":"provider","suite":{"name":"x","version":"1"}}"#,
            "this adapter is a Device",
        ),
    ] {
        device.write(line);
        let said = device.read();
        assert!(said["unsupported"].as_str().unwrap().contains(words), "{said}");
    }
    let greeting = device.hello("device");
    let name = greeting["ok"]["implementation"]["name"].as_str().unwrap();
    assert_eq!(name, "reference Device, deviation device.ignores-signature");
}

#[test]
fn two_instances_share_nothing_and_the_end_of_input_ends_both() {
    let place = Place::new();
    let mut device = Reference::start(&["device"]);
    for instance in ["a", "b"] {
        assert_eq!(device.ask("open", place.device(instance, "127.0.0.1:9")), json!({"ok": {}}));
    }
    let twice = device.ask("open", place.device("a", "127.0.0.1:9"));
    assert_eq!(twice["error"]["kind"], "instance", "{twice}");
    assert_eq!(device.ask("listen", json!({"instance": "a"})), json!({"ok": {}}));
    assert_eq!(device.ask("close", json!({"instance": "a"})), json!({"ok": {}}));
    assert!(!place.is_joined());
    assert_eq!(device.ask("listen", json!({"instance": "b"})), json!({"ok": {}}));
    assert!(place.is_joined());

    device.input = None;

    device.ended();
    assert!(!place.is_joined());
}

#[test]
fn a_deviation_of_the_other_role_is_refused_with_a_hint() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
    let command = command.args(["reference", "device", "--deviation", "provider.reuses-sequence"]);

    let output = command.stdin(Stdio::null()).output().unwrap();

    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("`provider.reuses-sequence` is no deviation of a device"), "{words}");
    assert!(words.contains("castproof reference provider --deviation provider.reuses-sequence"), "{words}");
}
