//! Status codes of DM 1.2 (Representation Protocol, the command tables).

/// The command was carried out.
pub const OK: u16 = 200;
/// The command was accepted and is carried out later; the answer to a deferred Exec.
pub const ACCEPTED_FOR_PROCESSING: u16 = 202;
/// The credential is accepted for the whole session.
pub const AUTHENTICATION_ACCEPTED: u16 = 212;
/// A piece of a large object was taken; more are expected.
pub const CHUNKED_ITEM_ACCEPTED: u16 = 213;
/// The user cancelled the operation.
pub const OPERATION_CANCELLED: u16 = 214;
/// The command was not carried out, because the user or an earlier failure forbade it.
pub const NOT_EXECUTED: u16 = 215;
/// The command was undone with the Atomic around it.
pub const ATOMIC_ROLL_BACK_OK: u16 = 216;
/// Nothing was changed; the End User's *no* to a confirmation alert.
pub const NOT_MODIFIED: u16 = 304;
/// The credential is wrong.
pub const INVALID_CREDENTIALS: u16 = 401;
/// The command is forbidden to this sender or on this target.
pub const FORBIDDEN: u16 = 403;
/// There is no such node.
pub const NOT_FOUND: u16 = 404;
/// The node does not allow this command.
pub const COMMAND_NOT_ALLOWED: u16 = 405;
/// The recipient does not support an optional feature that the command needs.
pub const OPTIONAL_FEATURE_NOT_SUPPORTED: u16 = 406;
/// A credential is wanted and was not sent.
pub const MISSING_CREDENTIALS: u16 = 407;
/// An expected message did not come in time.
pub const REQUEST_TIMEOUT: u16 = 408;
/// The command lacks something it needs.
pub const INCOMPLETE_COMMAND: u16 = 412;
/// The data is larger than the recipient takes.
pub const REQUEST_ENTITY_TOO_LARGE: u16 = 413;
/// The node's URI is longer than the recipient takes.
pub const URI_TOO_LONG: u16 = 414;
/// The Type or Format is not supported.
pub const UNSUPPORTED_TYPE_OR_FORMAT: u16 = 415;
/// The announced size of an object is more than the recipient takes.
pub const REQUESTED_SIZE_TOO_BIG: u16 = 416;
/// The node to be added is there already.
pub const ALREADY_EXISTS: u16 = 418;
/// There is no room for the data.
pub const DEVICE_FULL: u16 = 420;
/// The size of an object differs from what was announced.
pub const SIZE_MISMATCH: u16 = 424;
/// The access control list denies the command.
pub const PERMISSION_DENIED: u16 = 425;
/// The recipient failed for a reason of its own.
pub const COMMAND_FAILED: u16 = 500;
/// A command inside the Atomic failed, so that the Atomic did.
pub const ATOMIC_FAILED: u16 = 507;
/// The store behind the tree failed.
pub const DATA_STORE_FAILURE: u16 = 510;
/// The command of a failed Atomic could not be undone.
pub const ATOMIC_ROLL_BACK_FAILED: u16 = 516;
/// The answer to the Atomic does not fit one message.
pub const ATOMIC_RESPONSE_TOO_LARGE: u16 = 517;

/// Whether the code tells a success (2xx).
pub fn is_success(code: u16) -> bool {
    (200..300).contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_second_hundred_is_success() {
        assert!(is_success(OK) && is_success(ATOMIC_ROLL_BACK_OK));
        assert!(!is_success(199) && !is_success(NOT_MODIFIED) && !is_success(COMMAND_FAILED));
    }
}
