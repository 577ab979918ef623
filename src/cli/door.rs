//! `--listen`: a door at which an adapter connects that is no child process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::subject::process::Gate;

use super::Failure;
use super::console::Console;

/// The variable that holds a token where the command line does not: there everybody on the host can read it.
const TOKEN: &str = "CASTPROOF_TOKEN";
/// Octets of a token that is drawn.
const DRAWN: usize = 16;
/// Characters that a token has at least and at most.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;

#[derive(Args, Clone)]
pub(super) struct Door {
    /// Wait here for an adapter that connects, instead of starting one: a port of 127.0.0.1, or an address with its port.
    ///
    /// Port 0 takes any that is free. The adapter says the token first, on a line of its own: {"token": "..."}. Then the lines
    /// are those of a child process. One connection is one life; a second client is refused while the first is there.
    #[arg(long, value_name = "[ADDRESS:]PORT", value_parser = address, requires = "profile", conflicts_with = "command")]
    listen: Option<SocketAddr>,

    /// The token of adapters that connect; else the variable CASTPROOF_TOKEN has it, or one is drawn and printed.
    #[arg(long, value_name = "TEXT", requires = "listen")]
    token: Option<String>,

    /// How long an adapter is waited for, at first and each time that its connection was lost.
    #[arg(
        long, value_name = "SPAN", requires = "listen", default_value = "60s", value_parser = humantime::parse_duration
    )]
    connect_within: Duration,

    /// Let adapters of other hosts connect: without this, --listen takes addresses of the loopback interface alone.
    #[arg(long, requires = "listen")]
    remote: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| "give a port, or an address with a port, such as 127.0.0.1:7600".to_owned())
}

impl Door {
    /// Whether an adapter is to connect.
    pub(super) fn is_wanted(&self) -> bool {
        self.listen.is_some()
    }

    /// The arguments that ask for it again; the token is a secret, and not among them.
    pub(super) fn arguments(&self) -> Vec<String> {
        let listen = self.listen.map(|address| ["--listen".to_owned(), address.to_string()]);
        let remote = self.remote.then(|| "--remote".to_owned());
        listen.into_iter().flatten().chain(remote).collect()
    }

    /// Opens it, where one is wanted, and says where it is.
    pub(super) async fn open(&self, console: &Console) -> Result<Option<Arc<Gate>>, Failure> {
        let Some(address) = self.listen else { return Ok(None) };
        if !address.ip().is_loopback() && !self.remote {
            let failure = Failure::usage(format!("--listen {address}: other hosts could connect there"));
            return Err(failure.hint("say --remote where that is meant, or listen on 127.0.0.1"));
        }
        let (token, is_drawn) = match self.token.clone().or_else(|| std::env::var(TOKEN).ok()) {
            Some(token) => (token, false),
            None => (drawn()?, true),
        };
        if !LENGTHS.contains(&token.chars().count()) || token.contains(char::is_control) {
            let (least, most) = (LENGTHS.start(), LENGTHS.end());
            return Err(Failure::usage(format!("a token has {least} to {most} printable characters")));
        }
        let gate = Gate::open(address, token.clone(), self.connect_within).await;
        let gate = gate.map_err(|error| {
            Failure::usage(format!("listen for the adapter at {address}: {error}"))
                .hint("name an address of this host and a port that is free; with port 0 any will do")
        })?;
        let span = humantime::format_duration(gate.within());
        let shown = if is_drawn { format!(", token {token}") } else { String::new() };
        console.note(&format!("waiting {span} for the adapter at {}{shown}", gate.address()));
        Ok(Some(Arc::new(gate)))
    }
}

fn drawn() -> Result<String, Failure> {
    let mut octets = [0; DRAWN];
    getrandom::fill(&mut octets).map_err(|error| Failure::usage(format!("draw a token: {error}")))?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
