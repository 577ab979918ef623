//! A hostile sender: an actor that makes its own octets, from `wire` and by hand, and sends them on the channels of the
//! Service Provider.
//!
//! What it sends is right in everything but the [`Flaw`] that a scenario asks for: the digest fits, the signature is by
//! the provider's real key, the delivery follows. So a Device that forgets the one check acts, and a refusal is for the
//! right reason. It takes nothing from the reference provider, nor from the crate `flute`, which cannot send wrong ones.

mod announcement;
mod attack;
mod bomb;
mod envelope;
mod flaw;
mod forge;
mod scenes;
mod session;

pub use attack::Attack;
pub use flaw::{Flaw, Part};
pub use forge::{Insider, Numbers, Transmission, forge};
