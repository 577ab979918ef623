//! Adapters that connect: the same lines over TCP, the same verdicts, and callers that are no adapters.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use castproof::findings::Verdict;
use serde_json::Value;

use super::place::{FORGED, Left, Place, assert_words, finish};
use super::{ALL, adapter, profile, profile_with, run};

const TOKEN: &str = "open sesame, please";
const RESTARTED: &str = "provider-restart--results-and-unknowns-are-the-same-after-a-restart";
const CONSENT: &str = "consent--a-device-asks-and-installs-what-its-end-user-approves";

/// castproof, waiting.
struct Listening {
    process: Child,
    address: SocketAddr,
}

impl Listening {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::start_with(place, &profile(place, ALL), arguments)
    }

    fn start_with(place: &Place, profile: &str, arguments: &[&str]) -> Self {
        let door = ["--profile", profile, "--listen", "0", "--token", TOKEN];
        Self::spawn(place.command(&[arguments, &door].concat()))
    }

    fn spawn(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        // Octet by octet: what follows is for whoever waits for the end.
        let mut errors = BufReader::with_capacity(1, process.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        process.stderr = Some(errors.into_inner());
        let address = line.trim().rsplit(' ').next().and_then(|word| word.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in `{line}`"));
        Self { process, address }
    }

    fn call(&self, first: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // Whoever is turned away in the middle cannot send the rest.
        let _ = stream.write_all(first);
        stream
    }

    /// Calls with the token, as the reference Device.
    fn reference(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_castproof"));
        command.args(["reference", "device", "--connect", &self.address.to_string()]).env("CASTPROOF_TOKEN", TOKEN);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Calls with the token, as an adapter of `tests/adapters/`: connects for each of its lives, until nobody listens.
    fn bridge(&self, name: &str) -> std::thread::JoinHandle<()> {
        let (address, script) = (self.address, adapter(name));
        std::thread::spawn(move || {
            while let Ok(mut stream) = TcpStream::connect(address) {
                if writeln!(stream, "{{\"token\": \"{TOKEN}\"}}").is_ok() {
                    live(stream, Command::new(&script));
                }
            }
        })
    }

    fn finish(self) -> Left {
        finish(self.process, super::place::DEADLINE)
    }
}

/// One life of an adapter that has been let in.
fn live(mut stream: TcpStream, mut command: Command) {
    command.env("CASTPROOF", env!("CARGO_BIN_EXE_castproof")).stderr(Stdio::null());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut requests = stream.try_clone().unwrap();
    let asking = std::thread::spawn(move || pump(&mut requests, &mut input));
    pump(&mut output, &mut stream);
    let _ = stream.shutdown(Shutdown::Both);
    let _ = asking.join();
    let _ = child.kill();
    let _ = child.wait();
}

/// Passes octets on as they come. The library's own copy has the kernel do it, which waits for more.
fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut chunk = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..length]).is_err() {
            return;
        }
    }
}

fn told(stream: TcpStream) -> String {
    let mut said = String::new();
    let _ = BufReader::new(stream).read_line(&mut said);
    said
}

#[test]
fn an_adapter_that_connects_is_probed_like_one_that_is_started() {
    let place = Place::new();
    let castproof = Listening::start(&place, &["probe", "--format", "json"]);
    let mut reference = castproof.reference();

    let left = castproof.finish();

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let told: Value = serde_json::from_str(&left.out).unwrap();
    assert!(told["probes"].as_array().unwrap().iter().all(|one| one["outcome"] == "held"), "{}", left.out);
    assert!(reference.wait().unwrap().success());
}

#[test]
fn an_adapter_that_connects_is_certified_whoever_else_calls() {
    let place = Place::new();
    let castproof = Listening::start(&place, &["certify", "--scenario", FORGED, "--scenario", CONSENT]);
    let silent = castproof.call(b"");
    let table: [(&[u8], &str); 3] = [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "its first line is no token: `GET / HTTP/1.1`"),
        (b"{\"token\":\"open barley\"}\n", "its token is not the one of this run"),
        (&vec![b'x'; 100 << 20], "its first line is no token: `xxxxx"),
    ];
    for (first, words) in table {
        assert_words(&told(castproof.call(first)), &["{\"refused\":", words]);
    }
    assert_words(&told(silent), &["it said nothing for 5 seconds"]);
    let first = castproof.call(format!("{{\"token\": \"{TOKEN}\"}}\n").as_bytes());
    // castproof speaks first: then it is in.
    assert_eq!(first.peek(&mut [0]).unwrap(), 1);
    let second = castproof.call(format!("{{\"token\": \"{TOKEN}\"}}\n").as_bytes());
    assert_words(&told(second), &["an adapter is connected already"]);
    let mut reference = Command::new(env!("CARGO_BIN_EXE_castproof"));
    reference.args(["reference", "device"]);
    let adapter = std::thread::spawn(move || live(first, reference));

    let left = castproof.finish();

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["SELECTION PASSED"]);
    adapter.join().unwrap();
    let (folder, findings) = place.findings();
    assert_words(&findings.scenarios[0].repeat, &["--profile profile.yaml --listen 127.0.0.1:"]);
    for file in ["adapter.jsonl", "result.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        assert!(!text.contains(TOKEN), "{file} holds the token");
    }
    let transcript = std::fs::read_to_string(folder.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &["connected from 127.0.0.1:", "it closed its connection"]);
}

#[test]
fn a_connection_that_is_lost_marks_its_scenario_and_the_third_ends_the_role() {
    let place = Place::new();
    let selection = ["certify", "--jobs", "1", "--feature", "firmware_update/consent"];
    let castproof = Listening::start(&place, &selection);
    let bridge = castproof.bridge("crashes-in-the-middle");

    let left = castproof.finish();

    assert_eq!(left.code, Some(101), "{}\n{}", left.out, left.err);
    let (_, findings) = place.findings();
    assert_eq!(findings.count(Verdict::AdapterFault), 3, "{}", left.out);
    assert_eq!(findings.adapter.unwrap().crashes, 3);
    assert_words(&left.out, &["it broke off 3 times", "adapter fault", "it closed its connection"]);
    bridge.join().unwrap();
}

#[test]
fn a_line_without_an_end_is_a_fault_on_a_connection_too() {
    let place = Place::new();
    let castproof = Listening::start(&place, &["probe"]);
    let bridge = castproof.bridge("huge-line");

    let left = castproof.finish();

    assert_eq!(left.code, Some(100), "{}\n{}", left.out, left.err);
    assert_words(&left.out, &["a line of more than 1048576 octets"]);
    bridge.join().unwrap();
}

#[test]
fn a_device_behind_a_tunnel_is_not_looked_for_in_this_hosts_kernel_once_the_profile_says_so() {
    // A liar joins nothing that this host's kernel knows of; neither does an honest Device at the end of a tunnel.
    for (sockets, code, words) in [
        ("sockets: elsewhere\n", 101, "its sockets are not on this host"),
        ("sockets: here\n", 100, "say `sockets: elsewhere` in the profile"),
        ("", 100, "nobody was a member"),
    ] {
        let place = Place::new();
        let profile = profile_with(&place, ALL, sockets);
        let castproof = Listening::start_with(&place, &profile, &["probe"]);
        let bridge = castproof.bridge("liar");

        let left = castproof.finish();

        let as_a_child = run(&place, &["probe", "--profile", &profile, "--", &adapter("liar")]);
        for left in [left, as_a_child] {
            assert_eq!(left.code, Some(code), "{sockets}: {}\n{}", left.out, left.err);
            assert_words(&left.out.replace("\n      ", " ").replace("     ", ""), &[words]);
        }
        bridge.join().unwrap();
    }
}

#[test]
fn a_scenario_of_a_device_elsewhere_is_judged_by_the_wire() {
    let place = Place::new();
    let profile = profile_with(&place, ALL, "sockets: elsewhere\n");
    let reference = ["--", env!("CARGO_BIN_EXE_castproof"), "reference", "device"];

    let left = run(&place, &[&["certify", "--profile", &profile, "--scenario", CONSENT], &reference[..]].concat());

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let probes = place.findings().1.adapter.unwrap().probes;
    let listening = probes.iter().find(|probe| probe.probe == "listening").unwrap();
    assert_words(&listening.observed, &["its sockets are not on this host"]);
}

#[test]
fn a_provider_with_an_address_of_its_own_is_found_there_also_after_a_restart() {
    let place = Place::new();
    std::fs::write(place.path("sp.yaml"), "role: provider\nname: Somebody's server\n").unwrap();
    let script = adapter("moved");

    let left = run(&place, &["certify", "--profile", "sp.yaml", "--scenario", RESTARTED, "--", &script]);

    assert_eq!(left.code, Some(0), "{}\n{}", left.out, left.err);
    let transcript = std::fs::read_to_string(place.findings().0.join("adapter.jsonl")).unwrap();
    assert_words(&transcript, &[r#"\"address\":\"127.0.0.2:"#, r#"\"listen\":\"127.0.0.2:"#]);
}

#[test]
fn callers_that_use_up_the_descriptors_do_not_make_castproof_spin() {
    let place = Place::new();
    let profile = profile(&place, ALL);
    let mut command = Command::new("bash");
    command.args(["-c", "ulimit -n 16; \"$0\" \"$@\"; times >&2", env!("CARGO_BIN_EXE_castproof")]);
    command.args(["probe", "--profile", &profile, "--listen", "0", "--token", TOKEN, "--connect-within", "4s"]);
    command.current_dir(place.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let castproof = Listening::spawn(command);
    let silent: Vec<TcpStream> = (0..16).map(|_| castproof.call(b"")).collect();

    let left = castproof.finish();

    drop(silent);
    assert_words(&left.err, &["nobody connected"]);
    // The last line holds what the children of the shell had of the processor, such as `0m0.120s 0m0.040s`.
    let spans = left.err.lines().last().unwrap().split(' ');
    let seconds = spans.map(|span| span.trim_start_matches("0m").trim_end_matches('s').parse::<f64>().unwrap());
    let used: f64 = seconds.sum();
    assert!(used < 2.0, "{used} s of the processor for 4 s of waiting:\n{}", left.err);
}

#[test]
fn a_door_that_nobody_comes_to_or_that_cannot_be_opened_is_told() {
    let place = Place::new();
    let profile = profile(&place, ALL);
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let table: [(&[&str], &[&str]); 7] = [
        (
            &["--profile", &profile, "--listen", "0", "--connect-within", "1s"],
            &["nobody connected to 127.0.0.1:", "within 1s"],
        ),
        (&["--profile", &profile, "--listen", "0.0.0.0:0"], &["other hosts could connect there", "say --remote"]),
        (&["--profile", &profile, "--listen", "192.0.2.1:0", "--remote"], &["listen for the adapter at 192.0.2.1:0"]),
        (&["--profile", &profile, "--listen", "here"], &["an address with a port, such as 127.0.0.1:7600"]),
        (&["--profile", &profile, "--listen", "0", "--token", "short"], &["a token has 8 to 256 printable characters"]),
        (&["--profile", &profile, "--listen", "0", "--", "true"], &["cannot be used with"]),
        (&["--listen", "0"], &["--profile"]),
    ];
    for (arguments, words) in table {
        for command in ["probe", "certify"] {
            let left = place.run(&[&[command], arguments].concat());

            assert_eq!(left.code, Some(2), "{arguments:?}: {}\n{}", left.out, left.err);
            assert_words(&left.err, words);
        }
    }
    let left = place.run(&["probe", "--profile", &profile, "--listen", &taken]);
    assert_eq!(left.code, Some(2), "{}", left.err);
    assert_words(&left.err, &["listen for the adapter at", "a port that is free"]);
    let left = place.run(&["reference", "device", "--connect", "127.0.0.1:9"]);
    assert_eq!(left.code, Some(2));
    assert_words(&left.err, &["no token to say first"]);
    let left = place.run(&["reference", "device", "--connect", "127.0.0.1:9", "--token", TOKEN]);
    assert_eq!(left.code, Some(2));
    assert_words(&left.err, &["connect to 127.0.0.1:9", "castproof probe --profile FILE --listen PORT"]);
}
