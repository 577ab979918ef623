//! Octets in JSON: base64, everywhere.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Octets, written as base64 with padding (RFC 4648 section 4).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Arc<[u8]>);

impl std::fmt::Debug for Octets {
    /// Their number alone: some are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} octets", self.0.len())
    }
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        Self(octets.into())
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let octets = BASE64.decode(text.as_ref());
        octets
            .map(|octets| Self(octets.into()))
            .map_err(|error| serde::de::Error::custom(format!("no base64: {error}")))
    }
}

impl JsonSchema for Octets {
    fn schema_name() -> Cow<'static, str> {
        "Octets".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Octets in base64 with padding (RFC 4648 section 4).",
            "contentEncoding": "base64",
            "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_padded_base64_and_nothing_else() {
        let octets = Octets::from(&[0xff, 0x00, 0x7f, 0x80][..]);

        assert_eq!(serde_json::to_string(&octets).unwrap(), "\"/wB/gA==\"");
        assert_eq!(serde_json::from_str::<Octets>("\"/wB/gA==\"").unwrap(), octets);
        for text in ["/wB/gA", "_wB_gA==", "/wB/ gA==", "=", "ff007f80="] {
            assert!(serde_json::from_str::<Octets>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }
}
