//! Every secret of a scenario, for whoever has to show that none of them got out.

use super::cast::Cast;
use crate::findings::OddAccount;
use crate::judge::standing::Known;
use crate::spec::DeviceId;

/// The accounts of a scenario with this seed and these Devices, drawn again: what the standing checks compute credentials
/// and digests with.
pub fn accounts_of(seed: u64, devices: &[DeviceId], odd: &[OddAccount]) -> Known {
    Cast::new(seed).known(devices, odd)
}

/// What must not stand in the evidence of a scenario with this seed and these Devices: passwords, and keys that sign. Each
/// with its name.
///
/// They are drawn from the seed, which the evidence holds: they are secrets of a test and protect nothing else (decision
/// record 0011).
pub fn secrets_of(seed: u64, devices: &[DeviceId]) -> Vec<(String, Vec<u8>)> {
    Cast::new(seed).secrets(devices)
}
