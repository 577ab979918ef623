//! The provider's signature over an announcement and the trigger header in front of it.

use coset::{CoseSign1Builder, Header, HeaderBuilder, ProtectedHeader};
use coset::{SignatureContext, TaggedCborSerializable as _, iana};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::spec::{Announcement, KeyId};
use crate::wire::DecodeError;
use crate::wire::form::{Form, Rule};
use crate::wire::wsp::MAX_DATAGRAM;

use super::cbor::Reader;
use super::decode::decode_within;
use super::encode;

const PROTOCOL: &str = "COSE_Sign1";
/// The CBOR tag of COSE_Sign1.
const TAG: u64 = 18;
/// The algorithm EdDSA, -8, as the argument of a negative integer.
const EDDSA: u64 = 7;

/// An announcement with the signature that vouches for it; not trusted before [`SignedAnnouncement::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedAnnouncement {
    /// The key that the provider says it signed with.
    pub key: KeyId,
    /// What it says.
    pub announcement: Announcement,
    /// The signed octets as they came: unknown keys are not in `announcement`, yet the signature covers them.
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: [u8; Signature::BYTE_SIZE],
}

/// Why an announcement is not authentic: another key, another trigger header, or other octets were signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("signature by key `{key}` does not fit the announcement and its trigger header")]
pub struct SignatureError {
    /// The key that the announcement names.
    pub key: KeyId,
}

/// The signed announcement as vendor octets of Package #0: COSE_Sign1 with tag 18, EdDSA, and `trigger_header` as
/// external_aad.
///
/// `trigger_header` is what [`Trigger::header`](crate::wire::package0::Trigger::header) gives.
pub fn sign(announcement: &Announcement, key_id: &KeyId, key: &SigningKey, trigger_header: &[u8]) -> Vec<u8> {
    let protected =
        HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(key_id.as_str().as_bytes().to_vec()).build();
    CoseSign1Builder::new()
        .protected(protected)
        .payload(encode(announcement))
        .create_signature(trigger_header, |octets| key.sign(octets).to_bytes().to_vec())
        .build()
        .to_tagged_vec()
        .expect("memory takes what is written to it")
}

impl SignedAnnouncement {
    /// The signed announcement in vendor octets; judges the form alone.
    ///
    /// # Errors
    /// [`DecodeError`] when the octets are too many or cut short, are not deterministic CBOR, or are not the COSE_Sign1 of
    /// the profile: tag 18; protected headers algorithm EdDSA and key id, no others; no unprotected ones; an announcement
    /// as payload; a signature of 64 octets; nothing after it.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_as(octets, Form::PROFILE)
    }

    /// As [`SignedAnnouncement::decode`], by a reader that holds it to `form`.
    ///
    /// # Errors
    /// [`DecodeError`], where a rule of `form` is broken.
    pub fn decode_as(octets: &[u8], form: Form) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(PROTOCOL, octets, 0);
        if form.has(Rule::Length) && octets.len() > MAX_DATAGRAM {
            let reason = format!("{} octets, at most {MAX_DATAGRAM} are allowed", octets.len());
            return Err(reader.refuse(MAX_DATAGRAM, "COSE_Sign1", reason));
        }
        reader.tag("COSE_Sign1", TAG)?;
        reader.array("COSE_Sign1", 4)?;
        let protected = reader.bytes("protected")?;
        let key = protected_headers(protected, reader.offset() - protected.len())?;
        // Whatever stood here would not be signed.
        reader.empty_map("unprotected")?;
        let payload = reader.bytes("payload")?;
        let payload_start = reader.offset() - payload.len();
        let signature = if form.has(Rule::SignatureLength) {
            reader.byte_array("signature")?
        } else {
            // Octets of another number are no signature that could fit, and stand for none.
            reader.bytes("signature")?.try_into().unwrap_or([0; Signature::BYTE_SIZE])
        };
        if form.has(Rule::End) {
            reader.finish("COSE_Sign1")?;
        }
        let announcement = decode_within(payload, payload_start, form)?;
        Ok(Self { key, announcement, protected: protected.into(), payload: payload.into(), signature })
    }

    /// Checks the signature, strictly: one message and key have no second signature that fits.
    ///
    /// `trigger_header` is that of the Package #0 the announcement came in. Which key [`SignedAnnouncement::key`] stands
    /// for, and whether it is trusted, the caller knows.
    ///
    /// # Errors
    /// [`SignatureError`] when the signature was not made by `key` over these octets and this trigger header.
    pub fn verify(&self, key: &VerifyingKey, trigger_header: &[u8]) -> Result<(), SignatureError> {
        // The received octets are what was signed; the parsed header beside them is not looked at.
        let protected = ProtectedHeader { original_data: Some(self.protected.clone()), header: Header::default() };
        let context = SignatureContext::CoseSign1;
        let signed = coset::sig_structure_data(context, protected, None, trigger_header, &self.payload);
        key.verify_strict(&signed, &Signature::from_bytes(&self.signature))
            .map_err(|_| SignatureError { key: self.key.clone() })
    }
}

/// The key id among the protected headers, which begin `base` octets into the message.
fn protected_headers(octets: &[u8], base: usize) -> Result<KeyId, DecodeError> {
    let mut reader = Reader::new(PROTOCOL, octets, base);
    let mut algorithm = None;
    let mut key = None;
    reader.map("protected", |reader, label| {
        let start = reader.offset();
        match label {
            1 => match reader.negative("alg")? {
                EDDSA => algorithm = Some(()),
                other => {
                    return Err(reader.refuse(start, "alg", format!("{}, only -8 is allowed", !i128::from(other))));
                }
            },
            4 => {
                let octets = reader.bytes("kid")?;
                let text = std::str::from_utf8(octets).map_err(|_| reader.refuse(start, "kid", "not UTF-8"))?;
                key = Some(KeyId::new(text).map_err(|fault| reader.refuse(start, "kid", fault.to_string()))?);
            }
            other => {
                // COSE has critical headers (label 2) and a registry of others; the profile uses none of them.
                return Err(reader.refuse(start, "protected", format!("header {other} is not of the profile")));
            }
        }
        Ok(true)
    })?;
    reader.finish("protected")?;
    algorithm.ok_or_else(|| reader.refuse(base, "alg", "missing"))?;
    key.ok_or_else(|| reader.refuse(base, "kid", "missing"))
}
