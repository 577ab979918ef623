//! A TCP relay that tells what passes: how the interaction channel is recorded, and where faults are put in.
//!
//! The relay listens on loopback, opens one connection to its target for each that it accepts, and carries octets both
//! ways unchanged. It passes on how a side ends, too: an orderly close as a close, a reset as a reset. Each connection
//! holds two buffers of 16 KiB and there are at most 1,024; the events are kept until their receiver takes them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use socket2::Socket;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub use super::carry::{RelayEvent, RelayWhat, Side};
use super::carry::{Witness, pass, refuse, reset};
use super::clock::Clock;
pub use super::meddle::{AnswerDecision, ConnectionPlan, OpenDecision, PassAll};
use super::meddle::{SharedPlan, answer, ask, reset_in_request};
use super::task::{MOST_CONNECTIONS, OwnedTask, accept, bound, listen};

/// A relay that has its port but carries nothing yet: its address can be told before its target is known.
///
/// Connections that are opened meanwhile wait.
#[derive(Debug)]
pub struct BoundRelay {
    /// Bound to the port and never listening, so that the port stays ours while connections are refused.
    holder: Socket,
    listener: TcpListener,
    local: SocketAddr,
}

/// A running relay; dropping it ends its tasks and connections soon, [`TcpRelay::close`] at once.
#[derive(Debug)]
pub struct TcpRelay {
    task: OwnedTask,
    commands: mpsc::UnboundedSender<SetListening>,
    local: SocketAddr,
}

/// Asks the relay's task to listen or not, and to say when it does.
struct SetListening {
    listening: bool,
    done: oneshot::Sender<io::Result<()>>,
}

impl TcpRelay {
    /// Takes a port on 127.0.0.1.
    ///
    /// # Errors
    /// Whatever the operating system refuses.
    pub fn bind() -> io::Result<BoundRelay> {
        Self::bind_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Takes a port at an address of this host; with port 0 any that is free.
    ///
    /// # Errors
    /// Whatever the operating system refuses.
    pub fn bind_at(address: SocketAddr) -> io::Result<BoundRelay> {
        let holder = bound(address)?;
        let local = holder.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidData)?;
        Ok(BoundRelay { listener: listen(local)?, holder, local })
    }

    /// The address to give to clients instead of the target's.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Stops listening: the kernel refuses new connections from when this returns. Open ones go on.
    pub async fn refuse_connections(&self) {
        // Without the relay's task nothing listens either.
        let _ = self.set_listening(false).await;
    }

    /// Listens again, on the same port.
    ///
    /// # Errors
    /// Whatever the operating system refuses.
    pub async fn accept_connections(&self) -> io::Result<()> {
        self.set_listening(true).await
    }

    /// Ends the relay: when this returns, its port and every connection are closed.
    ///
    /// Connections that are cut short this way give no further event.
    pub async fn close(self) {
        self.task.close().await;
    }

    async fn set_listening(&self, listening: bool) -> io::Result<()> {
        let (done, answer) = oneshot::channel();
        self.commands.send(SetListening { listening, done }).map_err(|_| io::ErrorKind::BrokenPipe)?;
        answer.await.map_err(|_| io::ErrorKind::BrokenPipe)?
    }
}

impl BoundRelay {
    /// The address to give to clients instead of the target's.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Starts carrying connections to `target`, with the faults of `plan`, telling `events` what passes.
    ///
    /// The tasks run on the current runtime. The relay goes on when nobody takes the events any more.
    pub fn forward(
        self,
        target: SocketAddr,
        clock: Clock,
        plan: impl ConnectionPlan + Send + 'static,
        events: mpsc::UnboundedSender<RelayEvent>,
    ) -> TcpRelay {
        let (stop, stopped) = oneshot::channel();
        let (commands, orders) = mpsc::unbounded_channel();
        let local = self.local;
        let plan: SharedPlan = Arc::new(Mutex::new(plan));
        let acceptor = Acceptor { bound: self, target, clock, plan, events };
        let task = OwnedTask::new(tokio::spawn(acceptor.run(orders, stopped)), stop);
        TcpRelay { task, commands, local }
    }
}

/// The task that accepts connections.
struct Acceptor {
    bound: BoundRelay,
    target: SocketAddr,
    clock: Clock,
    plan: SharedPlan,
    events: mpsc::UnboundedSender<RelayEvent>,
}

impl Acceptor {
    async fn run(self, mut orders: mpsc::UnboundedReceiver<SetListening>, mut stopped: oneshot::Receiver<()>) {
        let Self { bound: BoundRelay { holder: _holder, listener, local }, target, clock, plan, events } = self;
        let mut listener = Some(listener);
        let mut connections = JoinSet::new();
        let mut number = 0;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(SetListening { listening, done }) = orders.recv() => {
                    let result = match (listening, listener.is_some()) {
                        (true, false) => listen(local).map(|opened| listener = Some(opened)),
                        (true, true) => Ok(()),
                        (false, _) => {
                            listener = None;
                            Ok(())
                        }
                    };
                    // Who no longer waits for the answer does not need it.
                    let _ = done.send(result);
                }
                (stream, client) = accept(&listener), if connections.len() < MOST_CONNECTIONS => {
                    number += 1;
                    let witness = Witness { events: events.clone(), clock, connection: number, client, server: local };
                    witness.tell(RelayWhat::Opened);
                    match ask(&plan, |plan| plan.on_open(number)) {
                        OpenDecision::Pass => connections.spawn(pass(stream, target, plan.clone(), witness)),
                        OpenDecision::Refuse => connections.spawn(refuse(stream, witness)),
                        OpenDecision::ResetInRequest(after) => connections.spawn(reset_in_request(stream, after, witness)),
                        OpenDecision::Answer => connections.spawn(answer(stream, plan.clone(), witness)),
                        OpenDecision::Reset => {
                            witness.remark("reset at once");
                            witness.tell(RelayWhat::Reset { by: Side::Relay });
                            reset(stream);
                            continue;
                        }
                    };
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        connections.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    type Events = mpsc::UnboundedReceiver<RelayEvent>;

    /// A relay in front of a listener that the test accepts from.
    async fn relay(plan: impl ConnectionPlan + Send + 'static) -> (TcpListener, TcpRelay, Events) {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (tell, events) = mpsc::unbounded_channel();
        let relay = TcpRelay::bind().unwrap().forward(target.local_addr().unwrap(), Clock::start(), plan, tell);
        (target, relay, events)
    }

    async fn next(events: &mut Events) -> RelayWhat {
        timeout(SOON, events.recv()).await.expect("an event in time").unwrap().what
    }

    /// The next octets that pass, however they were cut.
    async fn data(events: &mut Events, from: Side, length: usize) -> Vec<u8> {
        let mut seen = Vec::new();
        while seen.len() < length {
            match next(events).await {
                RelayWhat::Data { from: side, octets } if side == from => seen.extend(octets),
                other => panic!("{other:?} after {} octets", seen.len()),
            }
        }
        seen
    }

    async fn read(stream: &mut TcpStream) -> io::Result<usize> {
        timeout(SOON, stream.read(&mut [0; 64])).await.expect("an end in time")
    }

    #[tokio::test]
    async fn octets_pass_both_ways_and_are_told_in_order() {
        let (target, relay, mut events) = relay(PassAll).await;
        let request = vec![7; 100_000];

        let mut client = TcpStream::connect(relay.local_addr()).await.unwrap();
        let (mut server, _) = target.accept().await.unwrap();
        let mut heard = vec![0; request.len()];
        let (sent, received) = tokio::join!(client.write_all(&request), server.read_exact(&mut heard));
        sent.unwrap();
        received.unwrap();
        server.write_all(b"reply").await.unwrap();
        drop(server);
        let mut reply = Vec::new();
        client.read_to_end(&mut reply).await.unwrap();
        let client_address = client.local_addr().unwrap();
        drop(client);

        assert_eq!((heard == request, reply.as_slice()), (true, b"reply".as_slice()));
        let opened = events.recv().await.unwrap();
        assert_eq!((opened.connection, opened.what), (1, RelayWhat::Opened));
        assert_eq!((opened.client, opened.server), (client_address, relay.local_addr()));
        assert_eq!(data(&mut events, Side::Client, request.len()).await, request);
        assert_eq!(data(&mut events, Side::Server, 5).await, b"reply");
        assert_eq!(next(&mut events).await, RelayWhat::Closed { by: Side::Server });
        assert_eq!(next(&mut events).await, RelayWhat::Closed { by: Side::Client });
    }

    #[tokio::test]
    async fn a_plan_decides_by_connection_number() {
        let plan = |n| match n {
            1 => OpenDecision::Refuse,
            2 => OpenDecision::Reset,
            _ => OpenDecision::Pass,
        };
        let (target, relay, mut events) = relay(plan).await;

        let mut refused = TcpStream::connect(relay.local_addr()).await.unwrap();
        let refused_end = read(&mut refused).await;
        drop(refused);
        let first =
            [next(&mut events).await, next(&mut events).await, next(&mut events).await, next(&mut events).await];
        let mut cut = TcpStream::connect(relay.local_addr()).await.unwrap();
        let cut_end = read(&mut cut).await;
        let second = [next(&mut events).await, next(&mut events).await, next(&mut events).await];
        let passed = TcpStream::connect(relay.local_addr()).await.unwrap();
        let (carried, _) = timeout(SOON, target.accept()).await.unwrap().unwrap();

        assert_eq!(refused_end.unwrap(), 0);
        assert_eq!(cut_end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        let closed = |by| RelayWhat::Closed { by };
        let refused = RelayWhat::Meddled { how: "refused" };
        assert_eq!(first, [RelayWhat::Opened, refused, closed(Side::Relay), closed(Side::Client)]);
        let meddled = RelayWhat::Meddled { how: "reset at once" };
        assert_eq!(second, [RelayWhat::Opened, meddled, RelayWhat::Reset { by: Side::Relay }]);
        // The third connection was the first that the target heard of.
        assert_eq!(events.recv().await.map(|event| event.connection), Some(3));
        drop((passed, carried));
    }

    #[tokio::test]
    async fn a_reset_is_passed_on_as_a_reset() {
        let (target, relay, mut events) = relay(PassAll).await;
        let mut client = TcpStream::connect(relay.local_addr()).await.unwrap();
        let (mut server, _) = target.accept().await.unwrap();
        client.write_all(b"ask").await.unwrap();
        assert_eq!(read(&mut server).await.unwrap(), 3);

        reset(server);

        assert_eq!(read(&mut client).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(next(&mut events).await, RelayWhat::Opened);
        assert_eq!(data(&mut events, Side::Client, 3).await, b"ask");
        assert_eq!(next(&mut events).await, RelayWhat::Reset { by: Side::Server });
    }

    #[tokio::test]
    async fn a_target_that_cannot_be_had_is_told_and_resets_the_client() {
        let (target, relay, mut events) = relay(PassAll).await;
        drop(target);

        let mut client = TcpStream::connect(relay.local_addr()).await.unwrap();

        assert_eq!(read(&mut client).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(next(&mut events).await, RelayWhat::Opened);
        let failed = next(&mut events).await;
        assert!(matches!(&failed, RelayWhat::Failed { reason } if reason.contains("refused")), "{failed:?}");
    }

    #[tokio::test]
    async fn refused_connections_meet_no_listener_until_they_are_accepted_again() {
        let (target, relay, mut events) = relay(PassAll).await;
        let mut open = TcpStream::connect(relay.local_addr()).await.unwrap();
        let (mut carried, _) = target.accept().await.unwrap();

        relay.refuse_connections().await;
        let refused = TcpStream::connect(relay.local_addr()).await;
        open.write_all(b"still").await.unwrap();
        let length = read(&mut carried).await;
        relay.accept_connections().await.unwrap();
        let again = TcpStream::connect(relay.local_addr()).await;

        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(length.unwrap(), 5);
        assert!(again.is_ok());
        assert_eq!(next(&mut events).await, RelayWhat::Opened);
        assert_eq!(data(&mut events, Side::Client, 5).await, b"still");
        assert_eq!(events.recv().await.map(|event| (event.connection, event.what)), Some((2, RelayWhat::Opened)));
    }

    #[tokio::test]
    async fn a_bound_relay_keeps_its_clients_waiting_for_the_target() {
        let bound = TcpRelay::bind().unwrap();
        let mut client = TcpStream::connect(bound.local_addr()).await.unwrap();
        client.write_all(b"early").await.unwrap();
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (tell, _events) = mpsc::unbounded_channel();

        let _relay = bound.forward(target.local_addr().unwrap(), Clock::start(), PassAll, tell);

        let (mut server, _) = timeout(SOON, target.accept()).await.unwrap().unwrap();
        assert_eq!(read(&mut server).await.unwrap(), 5);
    }

    #[tokio::test]
    async fn a_closed_relay_leaves_no_socket_behind() {
        let (target, relay, mut events) = relay(PassAll).await;
        let address = relay.local_addr();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = target.accept().await.unwrap();

        relay.close().await;

        assert_eq!(read(&mut client).await.unwrap(), 0);
        assert_eq!(read(&mut server).await.unwrap(), 0);
        assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(next(&mut events).await, RelayWhat::Opened);
        assert_eq!(events.recv().await, None);
    }

    #[tokio::test]
    async fn a_dropped_relay_ends_by_itself() {
        let (target, relay, _events) = relay(PassAll).await;
        let mut client = TcpStream::connect(relay.local_addr()).await.unwrap();
        let (_server, _) = target.accept().await.unwrap();

        drop(relay);

        assert_eq!(read(&mut client).await.unwrap(), 0);
    }
}
