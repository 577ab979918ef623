//! Octets to meaning and back, one protocol a file.
//!
//! Rank 1, without input or output. Every decoder takes a slice and gives a value or a [`DecodeError`]; none panics, and
//! none allocates more than a small multiple of its input (each file states its bound). What a message means for a Device
//! or a Service Provider is not decided here.

pub mod alc;
pub mod announcement;
mod error;
pub mod fdt;
pub mod form;
pub mod lct;
pub mod mo;
pub mod package;
pub mod package0;
pub mod syncml;
pub mod wsp;

pub use error::DecodeError;
