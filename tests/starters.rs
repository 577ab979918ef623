//! What `castproof init` writes runs at once: each starter is built, started as its profile says, and spoken to.

#[path = "starters/init.rs"]
mod init;
#[path = "starters/talk.rs"]
mod talk;
#[path = "starters/verdicts.rs"]
mod verdicts;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};

use castproof::adapter::{ClockControl, Done, ErrorKind, Greeting, OpenedProvider, Outcome};
use castproof::certify::{Profile, expected_failures};
use castproof::spec::Role;
use serde_json::{Value, json};
use talk::{Talk, initialised};

/// The roles, as the command line has them.
const ROLES: [(&str, Role); 2] = [("device", Role::Device), ("provider", Role::Provider)];
/// Verbs that a starter answers; all others are unsupported.
const ANSWERED: [&str; 4] = ["hello", "open", "close", "bye"];

#[test]
fn the_python_starter_speaks_the_protocol() {
    speaks("python", "python3", &ANSWERED);
}

#[test]
fn the_rust_starter_speaks_the_protocol() {
    speaks("rust", "rustc", &ANSWERED);
}

#[test]
fn the_c_starter_speaks_the_protocol() {
    speaks("c", "cc", &ANSWERED);
}

#[test]
fn the_shell_starter_speaks_the_protocol() {
    speaks("shell", "awk", &["hello", "bye"]);
}

fn speaks(language: &str, tool: &str, answered: &[&str]) {
    if talk::is_missing(tool, language) {
        return;
    }
    for (name, role) in ROLES {
        let folder = initialised(name, language);
        let profile = Profile::read(&folder.path().join("profile.yaml")).unwrap();
        assert_eq!(profile.role, role);
        assert_eq!(expected_failures(profile.expected_failures.as_ref().unwrap()).unwrap(), []);

        let mut talk = Talk::start(&profile);
        greets(&mut talk, name, &profile);
        refuses_what_it_does_not_know(&mut talk);
        follows_the_vectors(&mut talk, name, answered);
        if answered.contains(&"open") {
            keeps_instances_apart(&mut talk, name);
        }
        let big = json!({"verb": "dance", "package": {"octets": "A".repeat(200_000)}});
        assert!(matches!(talk.ask(big), Outcome::Unsupported(_)), "{language}");
        assert_eq!(talk.ask(json!({"verb": "bye"})).read::<Done>().unwrap(), Ok(Done {}));
        assert_eq!(talk.ended(), Some(0), "{language} {name}");

        let mut talk = Talk::start(&profile);
        greets(&mut talk, name, &profile);
        talk.hang_up();
        talk.ended();
    }
}

fn hello(role: &str, protocols: Value) -> Value {
    let suite = json!({"name": "castproof", "version": "9"});
    json!({"verb": "hello", "protocols": protocols, "role": role, "suite": suite, "mood": {"role": "x", "verb": ["y"]}})
}

fn greets(talk: &mut Talk, role: &str, profile: &Profile) {
    let first = talk.ask(hello(role, json!([2, 1])));
    assert_eq!(talk.ask(hello(role, json!([1]))), first);

    let greeting = first.read::<Greeting>().unwrap().unwrap();
    assert_eq!((greeting.protocol, greeting.role), (1, profile.role));
    assert_eq!(greeting.capabilities, profile.capabilities);
    assert_eq!(greeting.clock, ClockControl::None);
    assert!(greeting.max_instances >= 1);

    let other = if role == "device" { "provider" } else { "device" };
    for (odd, words) in [(hello(other, json!([1])), "role"), (hello(role, json!([10, 21])), "protocol 1")] {
        match talk.ask(odd.clone()) {
            Outcome::Unsupported(why) => assert!(why.contains(words), "{why}"),
            said => panic!("{odd}: {said:?}"),
        }
    }
}

fn refuses_what_it_does_not_know(talk: &mut Talk) {
    for verb in ["dance", "frobnicate-4711", "helloo", "d\u{e9}j\u{e0} \"vu\""] {
        let said = talk.ask(json!({"verb": verb, "instance": "D1"}));
        assert!(matches!(said, Outcome::Unsupported(_)), "{verb}: {said:?}");
    }
    // An empty line is skipped.
    talk.write("");
    for line in ["rubbish", "{\"id\":1", "[]", "{\"verb\":\"bye\"}", "{\"id\":\"x\",\"verb\":\"bye\"}"] {
        talk.write(line);
        let answer = talk.answer();
        match answer.outcome {
            Outcome::Error(error) => assert_eq!((answer.id, error.kind), (None, ErrorKind::Malformed), "{line}"),
            said => panic!("{line}: {said:?}"),
        }
    }
}

/// Asks all that the published conversation of the role asks, `bye` aside.
fn follows_the_vectors(talk: &mut Talk, role: &str, answered: &[&str]) {
    let path = format!("{}/docs/adapter/{role}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let mut open = BTreeSet::new();
    let mut asked = BTreeSet::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let mut request: Value = serde_json::from_str(line).unwrap();
        let Some(verb) = request["verb"].as_str().map(str::to_owned).filter(|verb| verb != "bye") else { continue };
        asked.insert(verb.clone());
        let instance = request["instance"].to_string();
        let is_offset = !matches!(request["clock_offset_ms"].as_i64(), None | Some(0));
        if verb == "open" && role == "provider" {
            // The published port may be another's by now.
            request["listen"] = "127.0.0.1:0".into();
        }
        let said = talk.ask(request);
        let is_known = ["hello", "open", "close", "listen", "stimulate", "query", "push", "provision", "care"]
            .contains(&verb.as_str());
        match verb.as_str() {
            verb if !is_known || !answered.contains(&"open") && verb != "hello" => {
                assert!(matches!(said, Outcome::Unsupported(_)), "{line}: {said:?}");
            }
            "hello" => drop(said.read::<Greeting>().unwrap().unwrap()),
            "open" if open.contains(&instance) => is_no_instance(&said),
            "open" if is_offset => assert!(matches!(said, Outcome::Unsupported(_)), "{line}: {said:?}"),
            "open" if role == "device" => {
                assert_eq!(said.read::<Done>().unwrap(), Ok(Done {}), "{line}");
                open.insert(instance);
            }
            "open" => {
                let opened = said.read::<OpenedProvider>().unwrap().unwrap();
                TcpStream::connect(opened.address).unwrap();
                open.insert(instance);
            }
            "close" if open.remove(&instance) => assert_eq!(said.read::<Done>().unwrap(), Ok(Done {}), "{line}"),
            _ if !open.contains(&instance) => is_no_instance(&said),
            _ => assert!(matches!(said, Outcome::Unsupported(_)), "{line}: {said:?}"),
        }
    }
    assert!(asked.len() >= 5, "the vectors ask only {asked:?}");
}

fn is_no_instance(said: &Outcome) {
    match said {
        Outcome::Error(error) => assert_eq!(error.kind, ErrorKind::Instance),
        said => panic!("{said:?}"),
    }
}

fn open(instance: &str, role: &str, listen: &str) -> Value {
    let vectors = format!("{}/docs/adapter/{role}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let vectors = std::fs::read_to_string(vectors).unwrap();
    let mut requests = vectors.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut request = requests.find(|request| request["verb"] == "open").unwrap();
    request["instance"] = instance.into();
    request["clock_offset_ms"] = 0.into();
    if role == "provider" {
        request["listen"] = listen.into();
    }
    request
}

fn keeps_instances_apart(talk: &mut Talk, role: &str) {
    let odd = "D\"1\\ \u{e4}\u{1f4e1}\u{7}\n";
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for instance in ["one", odd] {
        let said = talk.ask(open(instance, role, "127.0.0.1:0"));
        if role == "provider" {
            addresses.push(said.read::<OpenedProvider>().unwrap().unwrap().address);
        } else {
            assert_eq!(said.read::<Done>().unwrap(), Ok(Done {}), "{instance:?}");
        }
        is_no_instance(&talk.ask(open(instance, role, "127.0.0.1:0")));
    }
    let verb = if role == "device" { "query" } else { "care" };
    for (instance, is_open) in [("one", true), (odd, true), ("on", false), ("D1", false), ("", false)] {
        let said = talk.ask(json!({"verb": verb, "instance": instance, "nodes": ["./A"], "campaign": "a"}));
        match is_open {
            true => assert!(matches!(said, Outcome::Unsupported(_)), "{instance:?}: {said:?}"),
            false => is_no_instance(&said),
        }
    }
    let mut ahead = open("ahead", role, "127.0.0.1:0");
    ahead["clock_offset_ms"] = 1.into();
    assert!(matches!(talk.ask(ahead), Outcome::Unsupported(_)));
    for instance in ["one", odd] {
        let close = json!({"verb": "close", "instance": instance});
        assert_eq!(talk.ask(close.clone()).read::<Done>().unwrap(), Ok(Done {}), "{instance:?}");
        is_no_instance(&talk.ask(close));
    }
    for address in addresses {
        TcpListener::bind(address).unwrap_or_else(|error| panic!("{address} was not given back: {error}"));
    }
    if role == "provider" {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        match talk.ask(open("two", role, &taken.local_addr().unwrap().to_string())) {
            Outcome::Error(error) => assert_eq!(error.kind, ErrorKind::Host, "{error}"),
            said => panic!("{said:?}"),
        }
    }
}
