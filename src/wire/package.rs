//! The header that a package may begin with: for whom it is made, in words (profile section 4.5).
//!
//! What follows the header is between the vendor and its Device. A package without header is made for every Device.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::DecodeError;
use super::announcement::VerifyingKey;

/// The first line of a header.
const MAGIC: &str = "castproof-package/1";
/// Octets that a header may have, the empty line included.
pub const MAX_HEADER: usize = 1024;

const PROTOCOL: &str = "package header";
const CLAUSE: &str = "castproof profile 1, clause 4.5";

/// For whom a package is made. What is absent fits every Device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackageHeader {
    /// `DevInfo/Man`.
    pub manufacturer: Option<String>,
    /// `DevInfo/Mod`.
    pub model: Option<String>,
    /// The environment that the content runs in.
    pub environment: Option<String>,
    /// The version that it brings.
    pub version: Option<String>,
    /// An Ed25519 signature over the image.
    pub signature: Option<Vec<u8>>,
}

impl PackageHeader {
    /// The header of a package and the image behind it; no header leaves the whole package.
    ///
    /// # Errors
    /// [`DecodeError`] when the package begins with a header that does not end, a line without name, or a name twice.
    pub fn split(package: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        if !package.starts_with(format!("{MAGIC}\n").as_bytes()) {
            return Ok((Self::default(), package));
        }
        let end = package.windows(2).take(MAX_HEADER - 1).position(|pair| pair == b"\n\n");
        let end = end.ok_or_else(|| invalid(0, "header", "no empty line ends it"))?;
        let text = std::str::from_utf8(&package[..end])
            .map_err(|fault| invalid(fault.valid_up_to(), "header", "not UTF-8"))?;
        let mut header = Self::default();
        let mut offset = MAGIC.len() + 1;
        // A line ends with a line feed and nothing else, so that a value is what stands there.
        for line in text.split('\n').skip(1) {
            let (name, value) =
                line.split_once(": ").ok_or_else(|| invalid(offset, "header", "a line that is no `name: value`"))?;
            header.take(offset, name, value)?;
            offset += line.len() + 1;
        }
        Ok((header, &package[end + 2..]))
    }

    fn take(&mut self, offset: usize, name: &str, value: &str) -> Result<(), DecodeError> {
        let field = match name {
            "manufacturer" => &mut self.manufacturer,
            "model" => &mut self.model,
            "environment" => &mut self.environment,
            "version" => &mut self.version,
            "signature" => {
                let octets = BASE64.decode(value).map_err(|fault| invalid(offset, "signature", fault.to_string()))?;
                return match self.signature.replace(octets) {
                    None => Ok(()),
                    Some(_) => Err(invalid(offset, "signature", "twice")),
                };
            }
            // What a later edition adds is for those who know it.
            _ => return Ok(()),
        };
        match field.replace(value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(invalid(offset, "header", "a name that stands twice")),
        }
    }

    /// The octets in front of the image; none for a header that says nothing.
    pub fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        let signature = self.signature.as_ref().map(|octets| BASE64.encode(octets));
        let lines = [
            ("manufacturer", self.manufacturer.as_deref()),
            ("model", self.model.as_deref()),
            ("environment", self.environment.as_deref()),
            ("version", self.version.as_deref()),
            ("signature", signature.as_deref()),
        ];
        let lines = lines.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}\n", value?)));
        format!("{MAGIC}\n{}\n", lines.collect::<String>()).into_bytes()
    }

    /// Whether the image is signed by one of these keys, where the header says that it is signed.
    pub fn is_vouched<'k>(&self, image: &[u8], mut keys: impl Iterator<Item = &'k VerifyingKey>) -> bool {
        let Some(octets) = &self.signature else { return true };
        let Ok(signature) = ed25519_dalek::Signature::from_slice(octets) else { return false };
        keys.any(|key| key.verify_strict(image, &signature).is_ok())
    }
}

fn invalid(offset: usize, field: &'static str, reason: impl Into<String>) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason: reason.into(), clause: CLAUSE }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::Signer;

    use super::*;
    use crate::wire::announcement::SigningKey;

    fn header() -> PackageHeader {
        PackageHeader {
            manufacturer: Some("Acme".into()),
            model: Some("X1".into()),
            environment: Some("native".into()),
            version: Some("2.0".into()),
            signature: Some(vec![7; 64]),
        }
    }

    #[test]
    fn reading_a_header_is_the_inverse_of_writing_it() {
        for header in [header(), PackageHeader::default(), PackageHeader { signature: None, ..header() }] {
            let package = [header.encode(), b"\n\nimage".to_vec()].concat();

            assert_eq!(PackageHeader::split(&package), Ok((header, b"\n\nimage".as_slice())));
        }
    }

    #[test]
    fn a_header_that_does_not_hold_together_is_refused() {
        let long = format!("castproof-package/1\nmodel: {}\n\n", "x".repeat(MAX_HEADER));
        for package in [
            "castproof-package/1\n",
            "castproof-package/1\nmodel: X1\n",
            "castproof-package/1\nmodel\n\n",
            "castproof-package/1\nmodel: X1\nmodel: X2\n\n",
            "castproof-package/1\nsignature: !\n\n",
            &long,
        ] {
            assert!(PackageHeader::split(package.as_bytes()).is_err(), "{package}");
        }
        let later = b"castproof-package/1\ncolour: red\n\n.";
        assert_eq!(PackageHeader::split(later), Ok((PackageHeader::default(), b".".as_slice())));
    }

    /// Found by fuzzing: a carriage return was taken for a part of the line's end, so what was read was not what was written.
    #[test]
    fn a_carriage_return_is_part_of_a_value() {
        let package = b"castproof-package/1\nmodel: X2\r\r\n\nimage";

        let (header, _) = PackageHeader::split(package).unwrap();

        assert_eq!(header.model.as_deref(), Some("X2\r\r"));
        assert_eq!([header.encode(), b"image".to_vec()].concat(), package);
    }

    #[test]
    fn a_signature_is_that_of_one_of_the_keys() {
        let (own, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let signature = own.sign(b"image").to_bytes().to_vec();
        let header = PackageHeader { signature: Some(signature), ..header() };
        let keys = [other.verifying_key(), own.verifying_key()];

        assert!(header.is_vouched(b"image", keys.iter()));
        assert!(!header.is_vouched(b"another", keys.iter()));
        assert!(!header.is_vouched(b"image", keys[..1].iter()));
        assert!(PackageHeader::default().is_vouched(b"image", keys[..0].iter()));
    }
}
