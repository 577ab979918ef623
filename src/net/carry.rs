//! Carrying the octets of one relayed connection, and ending it as its sides do.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::clock::Clock;
use super::meddle::{Answers, SharedPlan};
use super::shortage;
use crate::spec::Timestamp;

/// How many octets are carried at once.
pub(super) const CHUNK: usize = 16 * 1024;
/// How long the target may take to accept, and a refused client to go away.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Who did something on a relayed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Whoever opened the connection.
    Client,
    /// The target.
    Server,
    /// The relay itself, following its plan.
    Relay,
}

/// Something that the relay saw, in the order in which it happened on its connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayEvent {
    /// When.
    pub at: Timestamp,
    /// The connection, counted from 1 in the order of acceptance.
    pub connection: u64,
    /// The client's address.
    pub client: SocketAddr,
    /// The relay's listening address, which the client takes for the server.
    pub server: SocketAddr,
    /// What happened.
    pub what: RelayWhat,
}

/// What happened on a relayed connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayWhat {
    /// A client connected; nothing has been sent to the target yet.
    Opened,
    /// Octets were read, and will be carried to the other side.
    Data {
        /// Who sent them.
        from: Side,
        /// The octets, as many as were read at once: where they are cut means nothing.
        octets: Vec<u8>,
    },
    /// A side closed its direction in order; the other may go on sending.
    Closed {
        /// The side.
        by: Side,
    },
    /// A side reset the connection, which is over.
    Reset {
        /// The side.
        by: Side,
    },
    /// The relay did as its plan says, in words; what comes of it follows.
    Meddled {
        /// What it did.
        how: &'static str,
    },
    /// The connection is over because something failed here or at the target; the client saw a reset.
    Failed {
        /// What failed.
        reason: String,
    },
}

/// Tells the events of one connection.
pub(super) struct Witness {
    pub(super) events: mpsc::UnboundedSender<RelayEvent>,
    pub(super) clock: Clock,
    pub(super) connection: u64,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
}

impl Witness {
    pub(super) fn tell(&self, what: RelayWhat) {
        let Self { connection, client, server, .. } = *self;
        // Nobody has to listen.
        let _ = self.events.send(RelayEvent { at: self.clock.now(), connection, client, server, what });
    }

    /// Tells what the relay is about to do.
    pub(super) fn remark(&self, how: &'static str) {
        self.tell(RelayWhat::Meddled { how });
    }
}

/// Carries one connection to the target until both sides have closed it or one has cut it.
pub(super) async fn pass(mut client: TcpStream, target: SocketAddr, plan: SharedPlan, witness: Witness) {
    let mut server = match timeout(PATIENCE, TcpStream::connect(target)).await {
        Ok(Ok(server)) => server,
        Ok(Err(error)) => {
            shortage::note(&error);
            let what = match cut(Side::Server, &error) {
                RelayWhat::Failed { reason } => RelayWhat::Failed { reason: format!("connect to {target}: {reason}") },
                what => what,
            };
            return end(client, &witness, what);
        }
        Err(_) => {
            let what = RelayWhat::Failed { reason: format!("connect to {target}: no answer") };
            return end(client, &witness, what);
        }
    };
    for stream in [&client, &server] {
        // What was sent as one piece should arrive as one; a socket that is gone already says so when it is read.
        let _ = stream.set_nodelay(true);
    }
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    let answers = Answers::new(plan);
    let carried = tokio::try_join!(
        carry_and(client_reads, server_writes, Side::Client, &witness, |octets| answers.note(octets)),
        answers.carry(server_reads, client_writes, &witness),
    );
    if let Err(what) = carried {
        let is_orderly = matches!(what, RelayWhat::Closed { .. });
        witness.tell(what);
        reset(server);
        if !is_orderly {
            reset(client);
        }
    }
}

/// Carries one direction to its end; an error is the event that cuts the whole connection.
pub(super) async fn carry(
    reads: impl AsyncReadExt + Unpin,
    writes: impl AsyncWriteExt + Unpin,
    from: Side,
    witness: &Witness,
) -> Result<(), RelayWhat> {
    carry_and(reads, writes, from, witness, |_| {}).await
}

/// As [`carry`], and shows every piece to `see` before it is passed on.
async fn carry_and(
    mut reads: impl AsyncReadExt + Unpin,
    mut writes: impl AsyncWriteExt + Unpin,
    from: Side,
    witness: &Witness,
    see: impl Fn(&[u8]),
) -> Result<(), RelayWhat> {
    let to = if from == Side::Client { Side::Server } else { Side::Client };
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = reads.read(&mut buffer).await.map_err(|error| cut(from, &error))?;
        // Told before it is passed on, so that a request always stands before its reply.
        if length == 0 {
            witness.tell(RelayWhat::Closed { by: from });
            // It fails only when the other side has gone, which the other direction notices.
            let _ = writes.shutdown().await;
            return Ok(());
        }
        witness.tell(RelayWhat::Data { from, octets: buffer[..length].to_vec() });
        see(&buffer[..length]);
        writes.write_all(&buffer[..length]).await.map_err(|error| cut(to, &error))?;
    }
}

/// The event for an error on the socket towards `side`.
pub(super) fn cut(side: Side, error: &io::Error) -> RelayWhat {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            RelayWhat::Reset { by: side }
        }
        _ => RelayWhat::Failed { reason: error.to_string() },
    }
}

/// Closes a connection in order without sending anything.
pub(super) async fn refuse(mut client: TcpStream, witness: Witness) {
    witness.remark("refused");
    witness.tell(RelayWhat::Closed { by: Side::Relay });
    let (reads, mut writes) = client.split();
    let _ = writes.shutdown().await;
    // Closing with octets unread would reset the connection: so read until the client has closed as well.
    match timeout(PATIENCE, carry(reads, tokio::io::sink(), Side::Client, &witness)).await {
        Ok(Ok(())) => {}
        Ok(Err(what)) => witness.tell(what),
        Err(_) => witness.tell(RelayWhat::Failed { reason: "the refused client stayed".to_owned() }),
    }
}

/// Ends a connection that has no other side, or no longer one.
fn end(client: TcpStream, witness: &Witness, what: RelayWhat) {
    witness.tell(what);
    reset(client);
}

/// Resets a connection, dropping what was not sent yet.
pub(super) fn reset(stream: TcpStream) {
    // It fails only on a socket that is gone already.
    let _ = stream.set_zero_linger();
}
