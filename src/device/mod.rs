//! The reference Device: what it hears, decides, installs, remembers and reports.
//!
//! Rank 3, a sans-IO core. [`Device`] takes octets and times and gives octets and events; sockets, clocks and the End User
//! are its driver's. It never sees the provider: they meet on the wire.

mod action;
mod admission;
mod campaign;
mod conduct;
mod configuration;
mod core;
mod execution;
mod offer;
mod reception;
mod reporting;
mod resumption;
mod session;
mod state;
mod storage;
mod tree;

pub use action::{Action, DeviceError, Event, LocalCondition, Post, PostOutcome, UserAnswer};
pub use admission::Refusal;
pub use conduct::{Aspect, Conduct, Conformant, Duty, Memory, Occasion, Pause};
pub use configuration::{DeviceConfiguration, Registration};
pub use core::Device;
pub use state::LogEntry;
pub use storage::{
    Disk, FileStorage, Folder, Fuse, Interrupted, Medium, MemoryStorage, SafeStorage, Storage, StorageError, Survival,
};
