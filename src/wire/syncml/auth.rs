//! Credentials of DM 1.2: syncml:auth-md5 and syncml:auth-basic.
//!
//! MD5 is what the standard asks for; it keeps a password off the wire and nothing more. The trust of a campaign rests on
//! the signature of its announcement.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_PAD_INDIFFERENT};
use md5::{Digest as _, Md5};

use super::Credential;

/// `Meta/Type` of a digest over user name, password and nonce.
pub const MD5: &str = "syncml:auth-md5";
/// `Meta/Type` of a user name and password in the clear.
pub const BASIC: &str = "syncml:auth-basic";

/// The data of a syncml:auth-md5 credential: `B64(H(B64(H(user:password)):nonce))` (DM 1.2 Security, clause 5.1.3).
///
/// `nonce` is in its raw octets, as it comes out of the base64 of `NextNonce`.
pub fn auth_md5(user: &str, password: &str, nonce: &[u8]) -> String {
    STANDARD.encode(digest(user, password, nonce))
}

/// The data of a syncml:auth-basic credential: `B64(user:password)`.
pub fn auth_basic(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

fn digest(user: &str, password: &str, nonce: &[u8]) -> [u8; 16] {
    let account = STANDARD.encode(Md5::digest(format!("{user}:{password}")));
    let mut hash = Md5::new();
    hash.update(account);
    hash.update(b":");
    hash.update(nonce);
    hash.finalize().into()
}

/// Base64 with or without padding, line breaks inside allowed; `None` for anything else.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.split_ascii_whitespace().collect();
    STANDARD_PAD_INDIFFERENT.decode(compact).ok()
}

impl Credential {
    /// A syncml:auth-md5 credential.
    pub fn md5(user: &str, password: &str, nonce: &[u8]) -> Self {
        Self { scheme: MD5.into(), format: "b64".into(), data: auth_md5(user, password, nonce) }
    }

    /// A syncml:auth-basic credential.
    pub fn basic(user: &str, password: &str) -> Self {
        Self { scheme: BASIC.into(), format: "b64".into(), data: auth_basic(user, password) }
    }

    /// Whether this is the syncml:auth-md5 credential of that account for that nonce.
    ///
    /// Compares the decoded octets, so that padding and line breaks of the base64 do not matter. Any other scheme is no
    /// match.
    pub fn matches_md5(&self, user: &str, password: &str, nonce: &[u8]) -> bool {
        self.scheme == MD5 && from_base64(&self.data).is_some_and(|data| data == digest(user, password, nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_example_gives_the_standards_digest() {
        assert_eq!(auth_md5("Bruce2", "OhBehave", b"Nonce"), "Zz6EivR3yeaaENcRN6lpAQ==");
        assert_eq!(auth_basic("Bruce2", "OhBehave"), "QnJ1Y2UyOk9oQmVoYXZl");
    }

    #[test]
    fn a_credential_matches_its_own_account_and_nonce_only() {
        let credential = Credential::md5("Bruce2", "OhBehave", b"Nonce");

        assert!(credential.matches_md5("Bruce2", "OhBehave", b"Nonce"));
        assert!(!credential.matches_md5("Bruce", "OhBehave", b"Nonce"));
        assert!(!credential.matches_md5("Bruce2", "ohbehave", b"Nonce"));
        assert!(!credential.matches_md5("Bruce2", "OhBehave", b"nonce"));
    }

    #[test]
    fn the_form_of_the_base64_does_not_matter() {
        let credential = |data: &str| Credential { data: data.into(), ..Credential::md5("", "", b"") };

        assert!(credential("Zz6EivR3yeaaENcRN6lpAQ").matches_md5("Bruce2", "OhBehave", b"Nonce"));
        assert!(credential("Zz6EivR3yeaa\r\n  ENcRN6lpAQ==\n").matches_md5("Bruce2", "OhBehave", b"Nonce"));
        assert!(!credential("Zz6EivR3yeaaENcRN6lpA").matches_md5("Bruce2", "OhBehave", b"Nonce"));
        assert!(!credential("").matches_md5("Bruce2", "OhBehave", b"Nonce"));
        assert!(!credential("*").matches_md5("Bruce2", "OhBehave", b"Nonce"));
    }

    #[test]
    fn a_basic_credential_is_no_md5_credential() {
        let credential = Credential::basic("Bruce2", "OhBehave");

        assert!(!credential.matches_md5("Bruce2", "OhBehave", b"Nonce"));
    }
}
