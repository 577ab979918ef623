//! Where an adapter that is no child process connects: one connection is one life of it.
//!
//! Its first line is a token that nobody else knows; whoever says another thing, or nothing, is turned away with a line
//! that says why, and takes nobody's place. After that the lines are those of a child process.

use std::fmt;
use std::io::{self, Cursor};
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::net::next_connection;
use crate::spec::one_line;

/// Octets that a first line may have.
const LONGEST_FIRST_LINE: usize = 1024;
/// How long a caller may take over its first line.
const FIRST_LINE: Duration = Duration::from_secs(5);
/// How long a caller may wait for the place of one that is about to end: an adapter that starts again may be faster than the
/// news of its end.
const TURN: Duration = Duration::from_secs(1);
/// How long a caller that is turned away is still listened to, so that it can read why.
const PARTING: Duration = Duration::from_millis(300);
/// Callers that are met at the same time.
const MOST_CALLERS: usize = 16;
/// Octets that are kept of what a caller says before it is asked anything.
const MOST_EARLY: usize = 64 * 1024;
/// Characters of a first line that are shown.
const SHOWN: usize = 80;

/// A door at which adapters connect. Dropping it closes it.
pub struct Gate {
    address: SocketAddr,
    /// How long the next life of the adapter is waited for, on a calm host.
    within: Duration,
    /// Where somebody asks for the next caller, with the place that it is put.
    wanted: mpsc::UnboundedSender<oneshot::Sender<Caller>>,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    token: String,
    is_taken: AtomicBool,
    freed: Notify,
    /// Who asks for the next caller; whoever has the seat listens here.
    wanted: tokio::sync::Mutex<mpsc::UnboundedReceiver<oneshot::Sender<Caller>>>,
    turned_away: Mutex<TurnedAway>,
    /// Whether a caller came from another host.
    is_elsewhere: AtomicBool,
}

#[derive(Default)]
struct TurnedAway {
    count: u64,
    last: String,
}

/// An adapter that has connected, and shown the token.
pub(super) struct Caller {
    pub(super) input: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) output: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) peer: SocketAddr,
    pub(super) seat: Seat,
}

/// The one place at a gate. Dropping it lets the next caller in.
pub(super) struct Seat(Arc<State>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::SeqCst);
        self.0.freed.notify_one();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Gate {
    /// Listens at an address for adapters that know `token`; each life is waited for so long as `within` says.
    ///
    /// # Errors
    /// Why nobody can be listened for there.
    pub async fn open(address: SocketAddr, token: String, within: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (wanted, asked) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            token,
            is_taken: AtomicBool::new(false),
            freed: Notify::new(),
            wanted: tokio::sync::Mutex::new(asked),
            turned_away: Mutex::default(),
            is_elsewhere: AtomicBool::new(false),
        });
        let task = tokio::spawn(attend(listener, state.clone()));
        Ok(Self { address, within, wanted, state, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long an adapter is waited for, on a calm host.
    pub fn within(&self) -> Duration {
        self.within
    }

    /// Whether an adapter has connected from another host: this host's kernel knows nothing of its sockets then.
    pub fn is_elsewhere(&self) -> bool {
        self.state.is_elsewhere.load(Ordering::SeqCst)
    }

    /// The next adapter that connects; or why there is none.
    pub(super) async fn next(&self, patience: f64) -> Result<Caller, String> {
        let within = self.within.mul_f64(patience);
        let asking = async {
            loop {
                let (place, caller) = oneshot::channel();
                self.wanted.send(place).ok()?;
                // A place that nobody was put in is that of a caller which had hung up.
                if let Ok(caller) = caller.await {
                    return Some(caller);
                }
            }
        };
        timeout(within, asking).await.ok().flatten().ok_or_else(|| self.nobody(within))
    }

    fn nobody(&self, within: Duration) -> String {
        let waited = Duration::from_secs(within.as_secs().max(1));
        let words = format!("nobody connected to {} within {}", self.address, humantime::format_duration(waited));
        let turned_away = self.state.turned_away();
        match turned_away.count {
            0 => words,
            1 => format!("{words}; one caller was turned away: {}", turned_away.last),
            count => format!("{words}; {count} callers were turned away, the last: {}", turned_away.last),
        }
    }
}

impl State {
    fn turned_away(&self) -> MutexGuard<'_, TurnedAway> {
        self.turned_away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place, when it is free or soon will be.
    async fn seat(self: &Arc<Self>) -> Option<Seat> {
        let free = async {
            while self.is_taken.swap(true, Ordering::SeqCst) {
                self.freed.notified().await;
            }
        };
        timeout(TURN, free).await.is_ok().then(|| Seat(self.clone()))
    }
}

/// Meets callers, so many at a time that nobody can use up this process's sockets.
async fn attend(listener: TcpListener, state: Arc<State>) {
    let room = Arc::new(Semaphore::new(MOST_CALLERS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let (stream, peer) = next_connection(&listener).await;
        let state = state.clone();
        tokio::spawn(async move {
            let _place = place;
            meet(stream, peer, state).await;
        });
    }
}

async fn meet(mut stream: TcpStream, peer: SocketAddr, state: Arc<State>) {
    let met = match timeout(FIRST_LINE, first_line(&mut stream)).await {
        Ok(said) => said.and_then(|(line, rest)| token(&line, &state.token).map(|()| rest)),
        Err(_) => Err(format!("it said nothing for {} seconds", FIRST_LINE.as_secs())),
    };
    let rest = match met {
        Ok(rest) => rest,
        Err(why) => {
            {
                let mut turned_away = state.turned_away();
                turned_away.count += 1;
                turned_away.last = why.clone();
            }
            return part(stream, &why).await;
        }
    };
    let Some(seat) = state.seat().await else {
        return part(stream, "an adapter is connected already, and there is one at a time").await;
    };
    hand_over(stream, rest, peer, seat).await;
}

/// Keeps a caller until somebody asks for one. Whoever hangs up meanwhile leaves its seat to the next, and is no adapter that
/// broke off.
async fn hand_over(mut stream: TcpStream, mut early: Vec<u8>, peer: SocketAddr, seat: Seat) {
    let state = seat.0.clone();
    // Lines are short and waited for.
    let _ = stream.set_nodelay(true);
    let mut wanted = state.wanted.lock().await;
    let mut chunk = [0; LONGEST_FIRST_LINE];
    let place = loop {
        tokio::select! {
            // Nobody waits any more when the run is over; the caller is disconnected then.
            place = wanted.recv() => match place {
                None => return,
                // Who asked may have given up since.
                Some(place) if place.is_closed() => {}
                Some(_) if has_hung_up(&stream) => return,
                Some(place) => break place,
            },
            read = stream.read(&mut chunk), if early.len() < MOST_EARLY => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => early.extend(&chunk[..length]),
            },
        }
    };
    if !is_of_this_host(peer.ip()) {
        state.is_elsewhere.store(true, Ordering::SeqCst);
    }
    let (output, input) = stream.into_split();
    let output = Box::new(Cursor::new(early).chain(output));
    let _ = place.send(Caller { input: Box::new(input), output, peer, seat });
}

/// Whether a connection is over by what the kernel says now; what this process was told of it may be older.
fn has_hung_up(stream: &TcpStream) -> bool {
    match SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

/// Whether an address is one of this host's.
fn is_of_this_host(address: IpAddr) -> bool {
    address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// The first line of a caller, and what came with it; or what is wrong with it.
async fn first_line(stream: &mut TcpStream) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut line = Vec::new();
    let mut chunk = [0; LONGEST_FIRST_LINE];
    loop {
        let length = stream.read(&mut chunk).await.map_err(|error| format!("its connection broke: {error}"))?;
        line.extend(&chunk[..length]);
        if let Some(end) = line.iter().position(|octet| *octet == b'\n') {
            let rest = line.split_off(end + 1);
            return Ok((line, rest));
        }
        if length == 0 && line.is_empty() {
            return Err("it closed its connection without a word".to_owned());
        }
        if length == 0 || line.len() > LONGEST_FIRST_LINE {
            return Err(format!("its first line is no token: `{}`", shown(&line)));
        }
    }
}

/// Reads a first line.
fn token(line: &[u8], token: &str) -> Result<(), String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct First {
        token: String,
    }
    match serde_json::from_slice::<First>(line) {
        Ok(First { token: shown }) if shown == token => Ok(()),
        // What was said is not repeated: it may be a secret of another run.
        Ok(_) => Err("its token is not the one of this run".to_owned()),
        Err(_) => Err(format!("its first line is no token: `{}`", shown(line))),
    }
}

fn shown(line: &[u8]) -> String {
    let text = one_line(String::from_utf8_lossy(line).trim());
    text.chars().take(SHOWN).collect()
}

/// Says why, and closes the connection in order.
async fn part(mut stream: TcpStream, why: &str) {
    let words = format!("{}\n", json!({ "refused": why }));
    let parting = async {
        stream.write_all(words.as_bytes()).await?;
        stream.shutdown().await?;
        // What was sent and not read would have the system break the connection, and the words with it.
        let mut chunk = [0; LONGEST_FIRST_LINE];
        while stream.read(&mut chunk).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(PARTING, parting).await;
}

#[cfg(test)]
mod tests;
