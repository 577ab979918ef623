//! The command line: arguments, exit codes, words for humans.
//!
//! Rank 9. It prints what the other modules found, and nothing else in the crate prints.

mod bench;
mod certify;
mod console;
mod door;
mod evidence;
mod foreign;
mod init;
mod inspect;
mod probe;
mod record;
mod reference;
mod replay;
mod shrink;
mod transcript;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::certify::{Selection, Suite, USUAL_JOBS};
use crate::findings::{self, Colour, chain};

use certify::Certify;
use console::Console;

/// Conformance tests for broadcast device management.
///
/// castproof runs the scenarios under `features/` against a Service Provider and Devices over loopback multicast,
/// records the traffic, judges it, and writes what it found to `reports/runs/`.
#[derive(Parser)]
#[command(name = "castproof", version, about, long_about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = When::Auto)]
    colour: When,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    /// Run scenarios and say per requirement whether the implementation conforms.
    ///
    /// Exit codes: 0 conformant or failing as expected, 2 usage, 4 nothing selected, 100 not conformant, 101 inconclusive,
    /// harness fault or partial run, 102 stale expectation.
    Certify(Box<Certify>),
    /// Write a profile, an empty list of expected failures, and a starter adapter: what it takes to put your own
    /// implementation under test.
    ///
    /// The adapter runs at once. It says honestly that nothing is behind it yet, and marks the places where your
    /// implementation goes. No file is written over.
    ///
    /// Exit codes: 0 written, 2 usage, or something that is there already.
    Init(init::Options),
    /// Find out in seconds whether an adapter is what it says, and what to do where it is not.
    ///
    /// Starts the adapter and makes the honesty probes that `certify --profile` begins with: unknown verbs and values are
    /// refused, a second hello says the same, `listening` shows in the kernel's table of memberships, `pushed` puts a
    /// datagram on the group, two instances share nothing, and `close` gives sockets back.
    ///
    /// Exit codes: 0 every probe held, 2 no adapter or one that is not agreed with, 100 the adapter was contradicted,
    /// 101 something could not be told.
    Probe(probe::Options),
    /// List the scenarios with their requirements and roles.
    List(List),
    /// Tell a recording in protocol words, one line a message.
    ///
    /// Reads pcapng and pcap of any length. FLUTE sessions are named by their TSI, and packets that cannot be read where
    /// they stand.
    ///
    /// Exit codes: 0 told, 2 no recording or one that breaks off, 101 told but for packets that could not be read.
    Transcript(transcript::Options),
    /// Play the reference Device or Service Provider behind the adapter protocol, on standard input and output, or on a
    /// connection.
    ///
    /// It waits for requests as docs/adapter.md tells them, and ends with `bye` or when its input ends. For who writes an
    /// adapter or a client of one: `echo '{"id":1,"verb":"hello","protocols":[1],"role":"device","suite":{"name":"me",
    /// "version":"1"}}' | castproof reference device`.
    ///
    /// Exit codes: 0 ended, 2 usage.
    Reference(reference::Options),
    /// Ask every check of a run again of its evidence, without subject and without network.
    ///
    /// Checks that rest on the wire are answered from the recordings alone. Those that rest on a fact of the kernel or on a
    /// subject's own word are answered from what the run noted of these, and listed. Where the evidence says another
    /// verdict than the run stored, each is named. Of a recording without its run only the standing checks are asked, because
    /// what the others ask for stands in result.json.
    ///
    /// Exit codes: 0 conformant or selection passed, 2 no evidence, 100 not conformant, 101 inconclusive, partial, or not
    /// borne out by the evidence.
    Replay(ReplayOf),
    /// Find a smallest plan of faults by which a scenario still fails.
    ///
    /// Runs a scenario that fails again and again with fewer of the faults that its relays put in, and with narrower ones. A
    /// smaller plan counts when the subject fails at the same check and the reference passes under the same plan; else
    /// the scenario would speak of something else. The best plan is written to a file, and the command that repeats it is
    /// printed. Ctrl-C and the end of the budget keep the best so far.
    ///
    /// Exit codes: 0 nothing smaller fails, 2 usage or nothing to shrink, 4 nothing selected, 101 ended early.
    Shrink(shrink::Options),
    /// Renew golden recordings from a live run of the reference, and say in protocol words what changed.
    ///
    /// Runs the chosen scenarios that have the tag `@golden`. A recording is taken when every other check passed. One that
    /// is told like the stored one stays as it is, to the octet.
    ///
    /// Exit codes: 0 renewed, 2 usage, 4 nothing selected, 101 some could not be taken.
    Record(Record),
    /// Make a key that vouches for evidence: Ed25519, in PEM.
    ///
    /// Writes the private key to FILE, for its owner's eyes only, and the public key to FILE.pub. No file is written over.
    /// The key is drawn from the system's randomness, never from the seed of a run.
    Keygen(evidence::Keygen),
    /// Pack the folder of a run into its evidence.zip again, for instance to sign it elsewhere.
    Bundle(evidence::BundleOf),
    /// Verify a bundle offline, and name the first thing that does not fit.
    ///
    /// Checks the form of the archive, the signature where --key names one, that every member is there as the manifest
    /// lists it and none was added, and that the signed statement says what result.json says. Nothing is unpacked or
    /// written. Without --key a bundle may be whole and still be anybody's work.
    ///
    /// Exit codes: 0 everything fits, 2 no bundle or no key, 100 something does not fit.
    Verify(evidence::VerifyOf),
    /// Prove that multicast works here, and say what to change if not.
    Doctor(Doctor),
    /// List the sentences that scenarios may use.
    Phrases(Phrases),
}

/// Which scenarios.
#[derive(Args, Clone, Default)]
struct Choice {
    /// Only scenarios whose slug is or contains this; may be given several times.
    #[arg(long, value_name = "SLUG")]
    scenario: Vec<String>,

    /// Only scenarios for this requirement, such as FU-NF-2; may be given several times.
    #[arg(long, value_name = "ID")]
    requirement: Vec<String>,

    /// Only scenarios that judge this role.
    #[arg(long, value_enum)]
    role: Option<RoleName>,

    /// Only scenarios of features of this name or with this word in it, such as firmware_update/normal_flow or consent; may be
    /// given several times.
    #[arg(long, value_name = "FEATURE")]
    feature: Vec<String>,

    /// The folder with feature files, fixtures and the register.
    #[arg(long, value_name = "FOLDER", default_value = "features")]
    features: PathBuf,
}

impl Choice {
    /// Where golden recordings lie: where it was said, else beside the features.
    fn captures(&self, told: Option<PathBuf>) -> PathBuf {
        told.unwrap_or_else(|| self.features.parent().unwrap_or(Path::new("")).join("captures"))
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Device,
    Provider,
    System,
}

#[derive(Args)]
struct Record {
    #[command(flatten)]
    choice: Choice,

    /// How many scenarios run at the same time.
    #[arg(long, default_value_t = USUAL_JOBS, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,

    /// The interface that everything happens on, by its address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    interface: IpAddr,

    /// Where the folder of the run is made.
    #[arg(long, value_name = "FOLDER", default_value = "reports/runs")]
    reports: PathBuf,

    /// Where golden recordings lie: the folder `captures` beside that of the features, unless told.
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    choice: Choice,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ReplayOf {
    /// The evidence.zip of a run, the folder of a run, such as reports/runs/2026-11-21T23-23-09, or a pcapng file.
    evidence: PathBuf,

    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Phrases {
    /// Only sentences that hold this word.
    word: Option<String>,

    /// All of them, as a Markdown document.
    #[arg(long, conflicts_with = "word")]
    markdown: bool,
}

#[derive(Args)]
struct Doctor {
    /// The interface to examine, by its address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    interface: IpAddr,
}

/// Why a command could not be carried out, or not wholly.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What went wrong, with its causes.
    message: String,
    /// What to do about it.
    hint: Option<String>,
    code: findings::ExitCode,
}

impl Failure {
    fn nothing_selected(suite: &Suite, selection: &Selection) -> Self {
        let unmatched = selection.unmatched(&suite.examples);
        let is_planned =
            |entry: &&&str| suite.register.requirements.iter().any(|row| row.id.as_str().eq_ignore_ascii_case(entry));
        let planned: Vec<&str> = unmatched.iter().filter(is_planned).copied().collect();
        let hint = match (unmatched.join("`, `"), selection.nearest(&suite.examples).join("`, `")) {
            _ if !planned.is_empty() => format!("no scenario stands for requirement `{}`", planned.join("`, `")),
            (nothing, _) if nothing.is_empty() => "`castproof list` shows what there is".to_owned(),
            (nothing, near) if near.is_empty() => {
                format!("nothing matches `{nothing}`; `castproof list` shows what there is")
            }
            (nothing, near) => {
                format!("nothing matches `{nothing}`; did you mean `{near}`? `castproof list` shows what there is")
            }
        };
        let code = findings::ExitCode::NothingSelected;
        Self { message: "no scenario was selected".to_owned(), hint: Some(hint), code }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: findings::ExitCode::Usage }
    }

    /// An error with the whole chain of its causes.
    fn of(error: &dyn std::error::Error) -> Self {
        Self::usage(chain(error))
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = arguments();
    let console = Rc::new(Console::new(match arguments.colour {
        When::Always => Colour::Always,
        When::Never => Colour::Never,
        When::Auto => console::automatic_colour(),
    }));
    let result = match arguments.command {
        Command::Certify(options) => certify::certify(&console, *options),
        Command::Init(options) => init::init(&console, &options),
        Command::Probe(options) => probe::probe(&console, &options),
        Command::List(options) => inspect::list(&console, &options),
        Command::Transcript(options) => transcript::transcript(&console, &options),
        Command::Record(options) => record::record(&console, options),
        Command::Keygen(options) => evidence::keygen(&console, &options),
        Command::Bundle(options) => evidence::bundle(&console, &options),
        Command::Verify(options) => evidence::verify(&console, &options),
        Command::Reference(options) => reference::reference(&console, &options),
        Command::Replay(options) => replay::replay(&console, &options),
        Command::Shrink(options) => shrink::shrink(&console, &options),
        Command::Doctor(options) => inspect::doctor(&console, &options),
        Command::Phrases(options) => inspect::phrases(&console, &options),
    };
    let code = match result {
        Ok(code) => code,
        Err(failure) => {
            console.error(&failure.message, failure.hint.as_deref());
            failure.code
        }
    };
    match console.trouble() {
        None => ExitCode::from(code),
        Some(error) => {
            console.error(&format!("write to standard output: {error}"), Some("not everything was printed"));
            ExitCode::from(findings::ExitCode::Usage)
        }
    }
}

/// The arguments of this process. Where they are wrong, the message repeats them: with control characters in them it is
/// printed by us, without colour, and not by clap.
fn arguments() -> Arguments {
    Arguments::try_parse().unwrap_or_else(|error| {
        let is_odd = |argument: OsString| argument.to_string_lossy().contains(char::is_control);
        if !error.use_stderr() || !std::env::args_os().any(is_odd) {
            error.exit();
        }
        let text = error.render().to_string();
        Console::new(Colour::Never).error(text.trim_end(), None);
        std::process::exit(error.exit_code())
    })
}
