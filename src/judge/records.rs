//! The provider's records as a list: in JSON only text can be a key.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serializer};

type Records = BTreeMap<(String, String), String>;

pub(super) fn serialize<S: Serializer>(records: &Records, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(records.iter().map(|((device, campaign), outcome)| (device, campaign, outcome)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Records, D::Error> {
    let rows = Vec::<(String, String, String)>::deserialize(deserializer)?;
    Ok(rows.into_iter().map(|(device, campaign, outcome)| ((device, campaign), outcome)).collect())
}
