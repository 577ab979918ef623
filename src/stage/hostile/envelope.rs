//! The octets of a notification, field by field: WSP push, Package #0, COSE_Sign1.

use ed25519_dalek::Signer as _;

use super::Part;
use crate::spec::KeyId;
use crate::wire::announcement::SigningKey;
use crate::wire::package0::{DIGEST, GroupAccount, digest};

/// The front of a DM notification: content type and application id in their short form.
pub(super) const HEADERS: [u8; 3] = [0xC4, 0xAF, 0x87];

/// A notification before it is octets; every field can be wrong.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub pdu_type: u8,
    /// HeadersLen as it stands on the wire.
    pub headers_len: Vec<u8>,
    pub headers: Vec<u8>,
    pub trigger: TriggerHeader,
    /// The vendor octets.
    pub vendor: Vec<u8>,
    /// Whether one bit of the digest is wrong.
    pub spoils_digest: bool,
    /// The part inside which the datagram ends.
    pub cut: Option<Part>,
}

/// The trigger of Package #0 up to the vendor octets.
#[derive(Debug, Clone)]
pub(super) struct TriggerHeader {
    pub version: u64,
    pub ui_mode: u64,
    pub initiator: u64,
    pub reserved: u64,
    pub session: u16,
    pub server: String,
}

impl TriggerHeader {
    pub(super) fn encode(&self) -> Vec<u8> {
        let bits = self.version << 30 | self.ui_mode << 28 | self.initiator << 27 | self.reserved;
        let mut octets = bits.to_be_bytes()[3..].to_vec();
        octets.extend(self.session.to_be_bytes());
        octets.push(u8::try_from(self.server.len()).expect("a server identifier has at most 255 octets"));
        octets.extend(self.server.as_bytes());
        octets
    }
}

impl Envelope {
    pub(super) fn new(trigger: TriggerHeader, vendor: Vec<u8>) -> Self {
        let headers = HEADERS.to_vec();
        let headers_len = vec![u8::try_from(headers.len()).expect("three")];
        Self { pdu_type: 0x06, headers_len, headers, trigger, vendor, spoils_digest: false, cut: None }
    }

    /// The datagram. What is cut off is cut off before the digest is made, so that the digest fits what is left.
    pub(super) fn encode(&self, account: &GroupAccount) -> Vec<u8> {
        let mut trigger = self.trigger.encode();
        let (header, vendor) = (trigger.len(), self.vendor.len());
        trigger.extend(&self.vendor);
        let front = 2 + self.headers_len.len() + self.headers.len();
        let (mut in_trigger, mut in_datagram) = (None, None);
        match self.cut {
            None => {}
            Some(Part::PduType) => in_datagram = Some(1),
            Some(Part::HeadersLen) => in_datagram = Some(2),
            Some(Part::Headers) => in_datagram = Some(front - 1),
            Some(Part::Digest) => in_datagram = Some(front + DIGEST / 2),
            Some(Part::Version) => in_trigger = Some(1),
            Some(Part::Reserved) => in_trigger = Some(3),
            Some(Part::SessionId) => in_trigger = Some(6),
            Some(Part::ServerId) => in_trigger = Some(header - 2),
            Some(Part::KeyId) => in_trigger = Some(header + 12),
            Some(Part::Announcement) => in_trigger = Some(header + vendor / 2),
            Some(Part::Signature) => in_trigger = Some(header + vendor - 32),
        }
        trigger.truncate(in_trigger.unwrap_or(usize::MAX));
        let mut digest = digest(&trigger, account, &account.nonce);
        digest[0] ^= u8::from(self.spoils_digest);
        let mut datagram = vec![0x01, self.pdu_type];
        datagram.extend(&self.headers_len);
        datagram.extend(&self.headers);
        datagram.extend(digest);
        datagram.extend(trigger);
        datagram.truncate(in_datagram.unwrap_or(usize::MAX));
        datagram
    }
}

/// A COSE_Sign1 of `payload` under a key id, signed together with `aad`.
pub(super) fn sign(payload: &[u8], id: &KeyId, key: &SigningKey, aad: &[u8]) -> Vec<u8> {
    let protected = protected(id);
    // ["Signature1", protected, external_aad, payload]
    let mut signed = vec![0x84, 0x6A];
    signed.extend(b"Signature1");
    for part in [protected.as_slice(), aad, payload] {
        signed.extend(byte_string(part));
    }
    assemble(&protected, payload, &key.sign(&signed).to_bytes())
}

/// A COSE_Sign1 with any octets for a signature.
pub(super) fn assemble(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    // Tag 18, an array of four, the empty map of unprotected headers.
    let mut octets = vec![0xD2, 0x84];
    octets.extend(byte_string(protected));
    octets.push(0xA0);
    octets.extend(byte_string(payload));
    octets.extend(byte_string(signature));
    octets
}

/// The map {1: -8, 4: kid}.
pub(super) fn protected(id: &KeyId) -> Vec<u8> {
    [&[0xA2, 0x01, 0x27, 0x04][..], &byte_string(id.as_str().as_bytes())].concat()
}

/// A byte string of CBOR in its shortest form.
pub(super) fn byte_string(octets: &[u8]) -> Vec<u8> {
    let length = octets.len();
    let head = match length {
        0..24 => vec![0x40 | length as u8],
        24..256 => vec![0x58, length as u8],
        _ => [&[0x59][..], &u16::try_from(length).expect("a datagram is short").to_be_bytes()].concat(),
    };
    [head.as_slice(), octets].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ServerId;
    use crate::wire::announcement::SignedAnnouncement;
    use crate::wire::package0::Package0;
    use crate::wire::wsp::Push;

    #[test]
    fn without_a_flaw_the_octets_are_a_notification_of_the_profile() {
        let account = GroupAccount {
            server: ServerId::new("sp.example").unwrap(),
            password: "group-secret".into(),
            nonce: b"group-nonce".to_vec(),
        };
        let header = TriggerHeader {
            version: 11,
            ui_mode: 1,
            initiator: 1,
            reserved: 0,
            session: 0x1A2F,
            server: "sp.example".into(),
        };

        let datagram = Envelope::new(header.clone(), vec![7]).encode(&account);

        let package0 = Package0::decode(&Push::decode(&datagram).unwrap().body).unwrap();
        assert!(package0.verify(&account));
        assert_eq!(package0.trigger.header(), header.encode());
        assert_eq!(header.encode()[..7], [0x02, 0xD8, 0, 0, 0, 0x1A, 0x2F]);
    }

    #[test]
    fn a_signature_made_by_hand_is_one() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let id = KeyId::new("sp-key-1").unwrap();
        // The smallest payload that the profile allows would do; a form that is none is told by the decoder.
        let octets = sign(b"no announcement", &id, &key, b"header");

        let error = SignedAnnouncement::decode(&octets).unwrap_err();

        assert_eq!(error.protocol, "announcement");
    }
}
