//! The one shape of every decoding error.

/// Why octets are not a message of the protocol: where, which field, what is wrong, and which clause says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{protocol}, octet {offset}, {field}: {reason} ({clause})")]
pub struct DecodeError {
    /// The protocol, such as `WSP Push`.
    pub protocol: &'static str,
    /// Octets from the start of the message to where the field begins.
    pub offset: usize,
    /// The field, in the words of its standard.
    pub field: &'static str,
    /// What was found and what is allowed.
    pub reason: String,
    /// The clause of the standard or of the profile.
    pub clause: &'static str,
}
