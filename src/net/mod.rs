//! Sockets and clocks: everything that touches the network, and nothing that knows a message.
//!
//! Rank 1. Octets go in and come out with their addresses and times; what they mean is the business of
//! [`crate::wire`], which this module does not use. Everything runs on tokio's current-thread runtime. What the kernel
//! does not tell a safe program through a socket is read from `/proc`, so the module is for Linux.

mod arrival;
mod carry;
pub mod clock;
pub mod doctor;
pub mod http;
pub mod interface;
mod join;
pub mod kernel;
pub mod lease;
pub mod loss;
mod meddle;
pub mod multicast;
mod post_error;
mod realm;
pub mod relay;
mod server;
pub mod shortage;
pub mod tap;
mod task;

pub use arrival::{Arrival, Ears};
pub use clock::Clock;
pub use join::{IPV6_ROUTE_COMMAND, JoinError};
pub use lease::{Lease, LeaseError};
pub use loss::LossMark;
pub use multicast::{MulticastReceiver, MulticastSender};
pub use realm::{Realm, RealmError, Span};
pub use relay::{
    AnswerDecision, BoundRelay, ConnectionPlan, OpenDecision, PassAll, RelayEvent, RelayWhat, Side, TcpRelay,
};
pub use tap::{RawFrame, Tap, TapError};
pub(crate) use task::next_connection;
