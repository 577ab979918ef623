//! `castproof reference`: the reference implementations behind the adapter protocol.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;

use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::findings::ExitCode;
use crate::spec::Capability;
use crate::subject::{serve_device, serve_provider};

use super::Failure;
use super::certify::casting;
use super::console::Console;

/// Octets that are read at a time.
const CHUNK: usize = 64 * 1024;
/// Chunks that wait to be read; what castproof writes beyond stays in its pipe.
const WAITING: usize = 4;
/// File descriptors that many open instances need.
const DESCRIPTORS: u64 = 65_536;

/// A role that a subject can have.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum SubjectRole {
    Device,
    Provider,
}

impl SubjectRole {
    /// How the names of its deviations begin.
    fn prefix(self) -> &'static str {
        match self {
            Self::Device => "device.",
            Self::Provider => "provider.",
        }
    }

    /// The word for the other one.
    fn other(self) -> &'static str {
        match self {
            Self::Device => "provider",
            Self::Provider => "device",
        }
    }
}

/// Which one.
#[derive(Args)]
pub(super) struct Options {
    /// The role to play.
    #[arg(value_enum)]
    role: SubjectRole,

    /// With this deliberate deviation; `certify --deviation list` names them.
    #[arg(long, value_name = "NAME")]
    deviation: Option<String>,

    /// As though it did not have this capability, such as status-log; may be given several times.
    #[arg(long, value_name = "CAPABILITY", conflicts_with = "deviation")]
    without: Vec<Capability>,

    /// Connect to a castproof that listens there, as `certify --listen` and `probe --listen` do, instead of using standard
    /// input and output.
    #[arg(long, value_name = "ADDRESS:PORT")]
    connect: Option<SocketAddr>,

    /// The token that the other side wants to hear first; else the variable CASTPROOF_TOKEN has it.
    #[arg(long, value_name = "TEXT", requires = "connect")]
    token: Option<String>,
}

/// Where lines come from and go to.
type Ends = (Box<dyn Read + Send>, Box<dyn Write + Send>);

pub(super) fn reference(console: &Console, options: &Options) -> Result<ExitCode, Failure> {
    let Some(casting) = casting(console, options.deviation.as_deref(), &options.without)? else {
        return Ok(ExitCode::Conformant);
    };
    if let Some(name) = options.deviation.as_deref().filter(|name| !name.starts_with(options.role.prefix())) {
        let role = options.role.prefix().trim_end_matches('.');
        let other = options.role.other();
        let failure = Failure::usage(format!("`{name}` is no deviation of a {role}"));
        return Err(failure.hint(format!("`castproof reference {other} --deviation {name}` plays it")));
    }
    // What cannot be raised is told when a socket cannot be opened.
    let _ = rlimit::increase_nofile_limit(DESCRIPTORS);
    let (input, output): Ends = match options.connect {
        None => (Box::new(io::stdin()), Box::new(io::stdout())),
        Some(address) => connect(address, options.token.clone())?,
    };
    let (octets, inbox) = mpsc::channel(WAITING);
    // Reading blocks, and an end is not to wait for it: the thread goes with the process.
    std::thread::spawn(move || read(input, &octets));
    let (lines, outbox) = mpsc::unbounded_channel();
    let writer = std::thread::spawn(move || write(output, outbox));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| Failure::of(&error))?;
    let served = async {
        match options.role {
            SubjectRole::Device => serve_device(Rc::from(casting.device), inbox, lines).await,
            SubjectRole::Provider => serve_provider(Rc::from(casting.provider), inbox, lines).await,
        }
    };
    LocalSet::new().block_on(&runtime, served);
    let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer broke off")));
    match written {
        // castproof may be gone, which is an end like any other.
        Err(error) if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            Err(Failure::usage(format!("write to castproof: {error}")))
        }
        _ => Ok(ExitCode::Conformant),
    }
}

/// Connects, and says the token.
fn connect(address: SocketAddr, token: Option<String>) -> Result<Ends, Failure> {
    let Some(token) = token.or_else(|| std::env::var("CASTPROOF_TOKEN").ok()) else {
        let failure = Failure::usage("no token to say first");
        return Err(failure.hint("--token or the variable CASTPROOF_TOKEN has it; who listens prints it"));
    };
    let open = || -> io::Result<Ends> {
        let mut stream = TcpStream::connect(address)?;
        // Lines are short and waited for.
        stream.set_nodelay(true)?;
        stream.write_all(format!("{}\n", json!({ "token": token })).as_bytes())?;
        Ok((Box::new(stream.try_clone()?), Box::new(stream)))
    };
    open().map_err(|error| {
        Failure::usage(format!("connect to {address}: {error}"))
            .hint("`castproof probe --profile FILE --listen PORT` listens, and says where")
    })
}

fn read(mut input: impl Read, octets: &mpsc::Sender<Vec<u8>>) {
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // An input that fails has ended.
            Ok(0) | Err(_) => return,
            Ok(length) => {
                if octets.blocking_send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        }
    }
}

fn write(mut output: impl Write, mut lines: mpsc::UnboundedReceiver<Vec<u8>>) -> io::Result<()> {
    while let Some(line) = lines.blocking_recv() {
        output.write_all(&line).and_then(|()| output.flush())?;
    }
    Ok(())
}
