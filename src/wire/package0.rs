//! Package #0, the DM 1.2 notification: a digest, then the trigger (profile section 1).
//!
//! The digest is made with a group account, so every member of the group could forge it: it filters noise and outsiders,
//! and nothing more. What a Device trusts is the signed announcement in the vendor octets, see [`super::announcement`].
//!
//! Bound: a decoded package holds a copy of the server identifier and of the vendor octets, no more than its input.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::DecodeError;
use super::form::{Form, Rule};
use crate::spec::{ServerId, SessionId};

const PROTOCOL: &str = "Package #0";
const LAYOUT: &str = "DM 1.2 Notification, trigger format";

/// Octets of the digest, which stands in front of the trigger.
pub const DIGEST: usize = 16;
/// Octets from the version to the end of the reserved bits.
const BITS: usize = 5;
/// Version 1.1 in tenths, the only one of DM 1.2.
const VERSION: u64 = 11;
/// The nonce that stands in when server and Device disagree about theirs, read as four zero octets.
const SPECIAL_NONCE: [u8; 4] = [0; 4];

/// A notification: the trigger with the digest that vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package0 {
    /// MD5 over group account, nonce and trigger.
    pub digest: [u8; 16],
    /// Everything after the digest.
    pub trigger: Trigger,
}

/// What a notification says: who calls, for which session, how loudly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// How far the End User is to be involved; a recommendation.
    pub ui_mode: UiMode,
    /// Who caused the notification.
    pub initiator: Initiator,
    /// The campaign action; a repeated datagram carries the same.
    pub session: SessionId,
    /// The DM Server that calls.
    pub server: ServerId,
    /// The vendor octets: the signed announcement.
    pub vendor: Vec<u8>,
}

/// How far the End User is to be involved when a session starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UiMode {
    /// The server says nothing about it.
    NotSpecified = 0b00,
    /// Nothing is shown.
    Background = 0b01,
    /// The Device shows that it starts.
    Informative = 0b10,
    /// The Device asks before it starts.
    UserInteraction = 0b11,
}

/// Who caused a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initiator {
    /// The End User or the Device.
    Client = 0,
    /// The server.
    Server = 1,
}

/// The account that a group of Devices shares, for the digest of Package #0 alone.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupAccount {
    /// The DM Server.
    pub server: ServerId,
    /// The password of the group.
    pub password: String,
    /// The nonce, as raw octets.
    pub nonce: Vec<u8>,
}

impl std::fmt::Debug for GroupAccount {
    /// Leaves the password out: accounts end up in logs and evidence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupAccount").field("server", &self.server).field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

impl Trigger {
    /// The octets from the version up to and including the server identifier: what the announcement's signature covers
    /// besides the announcement (its `external_aad`).
    pub fn header(&self) -> Vec<u8> {
        // Ten bits of version, two of ui-mode, one of initiator, 27 reserved.
        let bits = VERSION << 30 | (self.ui_mode as u64) << 28 | (self.initiator as u64) << 27;
        let server = self.server.as_str().as_bytes();
        let mut octets = bits.to_be_bytes()[8 - BITS..].to_vec();
        octets.extend(self.session.get().to_be_bytes());
        octets.push(u8::try_from(server.len()).expect("a server id has at most 255 octets"));
        octets.extend(server);
        octets
    }

    /// The trigger in full: the header, then the vendor octets.
    pub fn encode(&self) -> Vec<u8> {
        [self.header().as_slice(), &self.vendor].concat()
    }
}

impl Package0 {
    /// The notification that `trigger` makes under a group account.
    pub fn seal(trigger: Trigger, account: &GroupAccount) -> Self {
        Self { digest: digest(&trigger.encode(), account, &account.nonce), trigger }
    }

    /// Whether the digest fits: with the account's nonce or, as DM 1.2 has it, with the nonce 00000000.
    ///
    /// A trigger that names another server than the account never fits.
    pub fn verify(&self, account: &GroupAccount) -> bool {
        self.verify_octets(&self.trigger.encode(), account)
    }

    /// As [`Package0::verify`], over the octets of the trigger as they came.
    pub fn verify_octets(&self, trigger: &[u8], account: &GroupAccount) -> bool {
        let fits = |nonce: &[u8]| self.digest == digest(trigger, account, nonce);
        self.trigger.server == account.server && (fits(&account.nonce) || fits(&SPECIAL_NONCE))
    }

    /// The notification as octets.
    pub fn encode(&self) -> Vec<u8> {
        [self.digest.as_slice(), &self.trigger.encode()].concat()
    }

    /// The notification in `octets`; whether its digest fits is for [`Package0::verify`] to say.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that is cut short, or that has a value DM 1.2 does not allow.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_as(octets, Form::PROFILE)
    }

    /// As [`Package0::decode`], by a reader that holds it to `form`.
    ///
    /// # Errors
    /// [`DecodeError`], where a rule of `form` is broken.
    pub fn decode_as(octets: &[u8], form: Form) -> Result<Self, DecodeError> {
        let mut fields = Fields { octets, at: 0 };
        let digest = fields.array::<DIGEST>("digest")?;

        let start = fields.at;
        let front: [u8; 2] = fields.array("version")?;
        // The reserved bits begin inside the second octet.
        let rest: [u8; BITS - 2] =
            fields.array("future-use").map_err(|fault| DecodeError { offset: start + 1, ..fault })?;
        let bits = front.iter().chain(&rest).fold(0, |bits, octet| bits << 8 | u64::from(*octet));
        if form.has(Rule::Version) && bits >> 30 != VERSION {
            return Err(error(start, "version", format!("{}, only {VERSION} (1.1) is allowed", bits >> 30)));
        }
        let ui_mode = match bits >> 28 & 0b11 {
            0 => UiMode::NotSpecified,
            1 => UiMode::Background,
            2 => UiMode::Informative,
            _ => UiMode::UserInteraction,
        };
        let initiator = if bits >> 27 & 1 == 1 { Initiator::Server } else { Initiator::Client };
        let reserved = bits & ((1 << 27) - 1);
        if form.has(Rule::Reserved) && reserved != 0 {
            return Err(error(start + 1, "future-use", format!("0x{reserved:07X}, only zero is allowed")));
        }

        let start = fields.at;
        let number = u16::from_be_bytes(fields.array("sessionid")?);
        // A reader that does not mind takes it for any other.
        let number = if form.has(Rule::SessionId) { number } else { number.max(1) };
        let session =
            SessionId::new(number).ok_or_else(|| error(start, "sessionid", "zero, 1 to FFFF are allowed".into()))?;

        let start = fields.at;
        let [length] = fields.array("length-identifier")?;
        if length == 0 {
            return Err(error(start, "length-identifier", "zero, a server identifier is not empty".into()));
        }
        let start = fields.at;
        let server = fields.take(usize::from(length), "server-identifier")?;
        let server = std::str::from_utf8(server)
            .map_err(|fault| error(start + fault.valid_up_to(), "server-identifier", "not UTF-8".into()))?;
        let server = ServerId::new(server).map_err(|fault| error(start, "server-identifier", fault.to_string()))?;

        let vendor = octets[fields.at..].to_vec();
        Ok(Self { digest, trigger: Trigger { ui_mode, initiator, session, server, vendor } })
    }
}

/// The digest over the octets of a trigger: H(B64(H(server-id:password)):nonce:B64(H(trigger))), H being MD5.
///
/// [`Package0::seal`] uses the account's own nonce; so does whoever seals octets that are no trigger.
pub fn digest(trigger: &[u8], account: &GroupAccount, nonce: &[u8]) -> [u8; DIGEST] {
    let credentials = BASE64.encode(Md5::digest(format!("{}:{}", account.server, account.password)));
    let trigger = BASE64.encode(Md5::digest(trigger));
    Md5::digest([credentials.as_bytes(), nonce, trigger.as_bytes()].join(&b':')).into()
}

/// A walk over the fields of a package.
struct Fields<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn take(&mut self, need: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let left = &self.octets[self.at..];
        let taken = left
            .get(..need)
            .ok_or_else(|| error(self.at, field, format!("truncated: need {need} octets, have {}", left.len())))?;
        self.at += need;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        Ok(self.take(N, field)?.try_into().expect("as many octets were taken"))
    }
}

fn error(offset: usize, field: &'static str, reason: String) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason, clause: LAYOUT }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(server: &str, password: &str, nonce: &[u8]) -> GroupAccount {
        GroupAccount { server: ServerId::new(server).unwrap(), password: password.into(), nonce: nonce.into() }
    }

    fn trigger(ui_mode: UiMode, initiator: Initiator, session: u16, server: &str, vendor: &[u8]) -> Trigger {
        let session = SessionId::new(session).unwrap();
        Trigger { ui_mode, initiator, session, server: ServerId::new(server).unwrap(), vendor: vendor.into() }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = text.replace(' ', "");
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    /// The three vectors: account, trigger, whole package. The last was sealed with the special nonce.
    fn vectors() -> [(GroupAccount, Trigger, Vec<u8>); 3] {
        [
            (
                account("com.mgmtsrv.manage", "secret", b"nonce"),
                trigger(UiMode::Background, Initiator::Client, 0x1234, "com.mgmtsrv.manage", &[]),
                hex("7fc65a24e9d7ad28df2850ac24656fd4 02d0000000 1234 12 636f6d2e6d676d747372762e6d616e616765"),
            ),
            (
                account("sp.example", "OhBehave", b"Nonce"),
                trigger(UiMode::UserInteraction, Initiator::Server, 1, "sp.example", &[]),
                hex("5faf2ad760a1ec3f3a4679dd736dc78d 02f8000000 0001 0a 73702e6578616d706c65"),
            ),
            (
                account("sp.example", "OhBehave", &SPECIAL_NONCE),
                trigger(UiMode::Background, Initiator::Server, 0xFFFF, "sp.example", &[0xDE, 0xAD]),
                hex("00e43051a00463d00768f78707f74710 02d8000000 ffff 0a 73702e6578616d706c65 dead"),
            ),
        ]
    }

    #[test]
    fn the_published_vectors_hold_in_both_directions() {
        for (account, trigger, octets) in vectors() {
            let sealed = Package0::seal(trigger, &account);

            assert_eq!(sealed.encode(), octets);
            assert_eq!(Package0::decode(&octets), Ok(sealed.clone()));
            assert!(sealed.verify(&account));
        }
    }

    #[test]
    fn the_header_ends_with_the_server_identifier() {
        let (_, trigger, octets) = &vectors()[2];

        assert_eq!(trigger.header(), octets[DIGEST..octets.len() - 2]);
        assert_eq!(trigger.encode(), octets[DIGEST..]);
    }

    #[test]
    fn a_digest_made_with_the_special_nonce_fits_whatever_the_account_holds() {
        let (_, _, octets) = &vectors()[2];
        let package = Package0::decode(octets).unwrap();

        assert!(package.verify(&account("sp.example", "OhBehave", b"another")));
        assert!(!package.verify(&account("sp.example", "other", b"another")));
    }

    #[test]
    fn a_wrong_nonce_password_or_server_does_not_fit() {
        let (_, trigger, _) = vectors()[1].clone();
        let package = Package0::seal(trigger.clone(), &account("sp.example", "OhBehave", b"Nonce"));

        assert!(!package.verify(&account("sp.example", "OhBehave", b"nonce")));
        assert!(!package.verify(&account("sp.example", "ohBehave", b"Nonce")));
        assert!(!package.verify(&account("sp2.example", "OhBehave", b"Nonce")));
        let foreign = account("sp2.example", "OhBehave", b"Nonce");
        assert!(!Package0::seal(trigger, &foreign).verify(&foreign));
    }

    #[test]
    fn an_account_does_not_print_its_password() {
        let text = format!("{:?}", account("sp.example", "OhBehave", b"Nonce"));

        assert!(text.contains("sp.example") && !text.contains("OhBehave"), "{text}");
    }

    #[test]
    fn every_malformed_form_is_refused_where_it_is_wrong() {
        let good = vectors()[2].2.clone();
        let with = |at: usize, octets: &[u8]| {
            let mut changed = good.clone();
            changed[at..at + octets.len()].copy_from_slice(octets);
            changed
        };
        let table = [
            ("empty", vec![], 0, "digest"),
            ("cut inside the digest", good[..15].to_vec(), 0, "digest"),
            ("cut after the digest", good[..16].to_vec(), 16, "version"),
            ("cut inside the version", good[..17].to_vec(), 16, "version"),
            ("cut inside the reserved bits", good[..20].to_vec(), 17, "future-use"),
            ("version 1.2", with(16, &[0x03, 0x18]), 16, "version"),
            ("version 0", with(16, &[0x00, 0x18]), 16, "version"),
            ("highest reserved bit", with(17, &[0xDC]), 17, "future-use"),
            ("lowest reserved bit", with(20, &[0x01]), 17, "future-use"),
            ("cut after the bits", good[..21].to_vec(), 21, "sessionid"),
            ("cut inside the SessionID", good[..22].to_vec(), 21, "sessionid"),
            ("SessionID zero", with(21, &[0, 0]), 21, "sessionid"),
            ("cut after the SessionID", good[..23].to_vec(), 23, "length-identifier"),
            ("server identifier of no octets", with(23, &[0]), 23, "length-identifier"),
            ("cut after the length", good[..24].to_vec(), 24, "server-identifier"),
            ("cut inside the server identifier", good[..33].to_vec(), 24, "server-identifier"),
            ("length beyond the end", with(23, &[13]), 24, "server-identifier"),
            ("server identifier not UTF-8", with(26, &[0xFF]), 26, "server-identifier"),
            ("server identifier with a control character", with(26, &[0x07]), 24, "server-identifier"),
        ];

        for (name, octets, offset, field) in table {
            let error = Package0::decode(&octets).expect_err(name);

            assert_eq!((error.offset, error.field), (offset, field), "{name}: {error}");
        }
    }

    fn any_trigger() -> impl Strategy<Value = Trigger> {
        use UiMode::{Background, Informative, NotSpecified, UserInteraction};
        let ui_mode = prop::sample::select(vec![NotSpecified, Background, Informative, UserInteraction]);
        let initiator = prop::sample::select(vec![Initiator::Client, Initiator::Server]);
        let server = "[a-zü]{1,120}".prop_map(|text| ServerId::new(text).unwrap());
        let session = (1u16..).prop_map(|number| SessionId::new(number).unwrap());
        (ui_mode, initiator, session, server, prop::collection::vec(any::<u8>(), 0..64)).prop_map(
            |(ui_mode, initiator, session, server, vendor)| Trigger { ui_mode, initiator, session, server, vendor },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn decoding_is_the_inverse_of_encoding(trigger in any_trigger(), digest: [u8; 16]) {
            let package = Package0 { digest, trigger };

            prop_assert_eq!(Package0::decode(&package.encode()), Ok(package));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_octets(
            mut octets in prop::collection::vec(any::<u8>(), 28..40),
            ui_and_initiator in 0u8..8,
        ) {
            octets[16..21].copy_from_slice(&[0x02, 0xC0 | ui_and_initiator << 3, 0, 0, 0]);
            octets[23..28].copy_from_slice(&[4, b's', b'p', b'.', b'x']);

            if let Ok(package) = Package0::decode(&octets) {
                prop_assert_eq!(package.encode(), octets);
            }
        }

        #[test]
        fn a_sealed_package_fits_and_no_flipped_bit_does(
            trigger in any_trigger(),
            password in "[ -~]{0,20}",
            nonce in prop::collection::vec(any::<u8>(), 0..20),
            bit: prop::sample::Index,
        ) {
            let account = GroupAccount { server: trigger.server.clone(), password, nonce };
            let package = Package0::seal(trigger, &account);
            let mut octets = package.encode();
            let bit = bit.index(octets.len() * 8);
            octets[bit / 8] ^= 1 << (bit % 8);

            prop_assert!(package.verify(&account));
            prop_assert!(!Package0::decode(&octets).is_ok_and(|changed| changed.verify(&account)));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Package0::decode(&octets);
            let mut after_version = vec![0; 16];
            after_version.extend([0x02, 0xD8, 0, 0, 0]);
            after_version.extend(&octets);
            let _ = Package0::decode(&after_version);
        }
    }
}
