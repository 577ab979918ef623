//! The reference Service Provider with its DM Server: campaigns on the air, reports, care.
//!
//! Rank 3, a sans-IO core. [`Provider`] takes plans, requests and times and gives datagrams, answers and events; sockets
//! and clocks are its driver's. It never sees a Device: they meet on the wire.

mod broadcast;
mod care;
mod command;
mod conduct;
mod core;
mod memory;
mod plan;
mod record;
mod resumption;
mod server;
mod session;
mod store;

pub use command::{CommandPlan, PACKAGE_URL};
pub use conduct::{Conduct, Conformant, Proof, Remembered};
pub use core::{Answer, Event, Provider, ProviderConfiguration, Request, Transmit};
pub use plan::{BroadcastPlan, CampaignPlan, CareSteps, Content, PackagesJoin, PushError, SettingChange};
pub use record::{CareState, DeviceRecord};
pub use store::{Change, MemoryStore, Store, StoreError};
