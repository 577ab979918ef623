//! SyncML DM 1.2 in XML: the Command document and the packages of a DM session.
//!
//! [`model`] holds what a message says; [`Message::to_xml`] and [`Message::from_xml`] are its two directions;
//! [`auth`] computes credentials; [`status`] and [`alert`] name the codes.

pub mod alert;
pub mod auth;
pub mod model;
mod read;
pub mod status;
#[cfg(test)]
mod tests;
pub(in crate::wire) mod tree;
mod write;

pub use model::{
    Alert, Command, Credential, Exec, Group, Item, Items, Message, Meta, NextNonce, Results, Status, SyncHdr,
};
