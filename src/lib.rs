//! castproof: a conformance test harness for broadcast device management.
//!
//! Two OMA use cases say what happens when firmware, software or settings go to many Devices at once over a broadcast
//! channel. This crate encodes their flows as plain-language scenarios, drives real senders and receivers over loopback
//! multicast, records the traffic and judges it. The modules have ranks; each may use only those below it:
//! see `docs/architecture.md`.

pub mod adapter;
pub mod capture;
pub mod certify;
pub mod cli;
pub mod delivery;
pub mod device;
pub mod evidence;
pub mod findings;
pub mod judge;
pub mod net;
pub mod provider;
pub mod spec;
pub mod stage;
pub mod steps;
pub mod subject;
pub mod wire;
