//! Alert codes of DM 1.2 (Representation Protocol, alert codes).

/// Shows a text to the End User.
pub const DISPLAY: u32 = 1100;
/// Asks the End User to confirm or reject; the answers are status 200, 304 and 214.
pub const CONFIRM: u32 = 1101;
/// Asks the End User for text.
pub const TEXT_INPUT: u32 = 1102;
/// Asks the End User for one of several choices.
pub const SINGLE_CHOICE: u32 = 1103;
/// Asks the End User for any of several choices.
pub const MULTIPLE_CHOICE: u32 = 1104;
/// The session answers a notification of the server.
pub const SERVER_INITIATED: u32 = 1200;
/// The session is begun by the Device.
pub const CLIENT_INITIATED: u32 = 1201;
/// The next message of the package is wanted.
pub const NEXT_MESSAGE: u32 = 1222;
/// The session is ended at once.
pub const SESSION_ABORT: u32 = 1223;
/// Something happened on the Device.
pub const CLIENT_EVENT: u32 = 1224;
/// The end of a large object did not come.
pub const NO_END_OF_DATA: u32 = 1225;
/// A management object tells something: the Generic Alert, which carries every report of the profile.
pub const GENERIC: u32 = 1226;
