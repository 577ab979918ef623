//! Tasks that end with their owner, and listening for connections without spinning.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::shortage;

/// How many connections a listener of ours serves at once; further ones wait in the kernel.
pub(super) const MOST_CONNECTIONS: usize = 1_024;
/// How long accepting pauses after the kernel refused to hand a connection over.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// A background task that ends when this is dropped, or, in an orderly way, when it is closed.
#[derive(Debug)]
pub(super) struct OwnedTask {
    handle: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
}

impl OwnedTask {
    /// Owns the task behind `handle`; dropping `stop` asks it to end by itself.
    pub(super) fn new(handle: JoinHandle<()>, stop: oneshot::Sender<()>) -> Self {
        Self { handle, stop: Some(stop) }
    }

    /// Asks the task to end and waits until it has, so that its sockets are closed afterwards.
    pub(super) async fn close(mut self) {
        drop(self.stop.take());
        // A task that panicked is over as well, and its panic was printed already.
        let _ = (&mut self.handle).await;
    }
}

impl Drop for OwnedTask {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// The next connection; never, without a listener.
pub(super) async fn accept(listener: &Option<TcpListener>) -> (TcpStream, SocketAddr) {
    match listener {
        Some(listener) => next_connection(listener).await,
        None => std::future::pending().await,
    }
}

/// The next connection of a listener.
///
/// An error of `accept` belongs to one connection that went away again, or says that descriptors are short; in both
/// cases the listener stays usable, so this tries again after a pause instead of spinning.
pub(crate) async fn next_connection(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                shortage::note(&error);
                let _ = tokio::time::timeout(ACCEPT_BACK_OFF, std::future::pending::<()>()).await;
            }
        }
    }
}

/// A socket bound to `address`, which may share it as long as only one listens.
pub(super) fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A listener on `address`, beside the socket that holds the port.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound(address)?;
    socket.listen(128)?;
    TcpListener::from_std(socket.into())
}
