//! What can be wrong with a hostile sender's campaign: the closed list behind `a hostile sender broadcasts campaign
//! {campaign} with {flaw}`.

use std::fmt;

/// A part of a notification inside which it can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The PDU type of WSP.
    PduType,
    /// HeadersLen of WSP.
    HeadersLen,
    /// The headers of WSP.
    Headers,
    /// The digest of Package #0.
    Digest,
    /// The version of Package #0.
    Version,
    /// The reserved bits of Package #0.
    Reserved,
    /// The SessionID.
    SessionId,
    /// The server identifier.
    ServerId,
    /// The key id of the signature.
    KeyId,
    /// The announcement.
    Announcement,
    /// The signature.
    Signature,
}

/// One row a flaw: its words, and what it is.
macro_rules! flaws {
    ($($words:literal => $flaw:ident $(($part:expr))?, $meaning:literal;)*) => {
        impl Flaw {
            /// Every flaw with its words and what they mean.
            pub const ALL: &'static [(&'static str, Flaw, &'static str)] =
                &[$(($words, Flaw::$flaw $(($part))?, $meaning)),*];

            /// The words, one or the other.
            pub const REGEX: &'static str = concat!($($words, "|",)* "nothing wrong");
        }
    };
}

/// What is wrong with a campaign of the hostile sender, which is right in everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is told in the table below")]
pub enum Flaw {
    Nothing,
    // Notification
    WrongDigest,
    OtherGroup,
    EarlierVersion,
    LaterVersion,
    ReservedBit,
    SessionZero,
    NoServer,
    Cut(Part),
    TooLong,
    Trailing,
    OtherContentType,
    OtherApplication,
    SwappedHeaders,
    PaddedHeadersLen,
    HeadersBeyondEnd,
    LongHeaders,
    OtherPdu,
    NoAnnouncement,
    NotCbor,
    CriticalField,
    IgnorableField,
    IndefiniteLength,
    LongNumber,
    DoubledField,
    MissingField,
    UnorderedFields,
    OtherProfileVersion,
    // Trust
    Unsigned,
    EmptySignature,
    OtherKey,
    ForgedNext,
    UnknownKeyId,
    RevokedKey,
    ChangedAnnouncement,
    ChangedUiMode,
    ChangedSession,
    UnboundSignature,
    OtherServer,
    // Freshness
    SameSequence,
    LowerSequence,
    Expired,
    // Delivery
    TableNotXml,
    TableWithoutExpires,
    TableWithDoubledToi,
    WrongFecAttributes,
    LctVersion,
    CutLct,
    LongPackage,
    ShortPackage,
    SwappedCommand,
    SwappedPackage,
    OtherDelivery,
    CommandForOthers,
    CommandOfOtherSession,
    CommandOfOtherServer,
    CommandNotWellFormed,
    EncodedPackage,
    PackageBomb,
    EncodedTable,
    TableBomb,
    EndlessPackage,
}

flaws! {
    "nothing wrong" => Nothing, "the control: what the hostile sender makes is accepted if nothing is wrong";
    "a wrong digest" => WrongDigest, "one bit of the digest is wrong";
    "the digest of another group" => OtherGroup, "the digest is made with another password";
    "version 1.0" => EarlierVersion, "Package #0 says version 10 instead of 11";
    "version 1.2" => LaterVersion, "Package #0 says version 12";
    "a reserved bit set" => ReservedBit, "the last of the 27 reserved bits is 1";
    "SessionID 0" => SessionZero, "the SessionID is 0";
    "an empty server identifier" => NoServer, "its length is 0";
    "a cut inside the PDU type" => Cut(Part::PduType), "the datagram ends in front of it";
    "a cut inside the length of the headers" => Cut(Part::HeadersLen), "the datagram ends in front of it";
    "a cut inside the headers" => Cut(Part::Headers), "the datagram ends inside them";
    "a cut inside the digest" => Cut(Part::Digest), "the datagram ends inside it";
    "a cut inside the version" => Cut(Part::Version), "the datagram ends inside it";
    "a cut inside the reserved bits" => Cut(Part::Reserved), "the datagram ends inside them";
    "a cut inside the SessionID" => Cut(Part::SessionId), "the datagram ends inside it";
    "a cut inside the server identifier" => Cut(Part::ServerId), "the datagram ends inside it";
    "a cut inside the key id" => Cut(Part::KeyId), "the datagram ends inside it";
    "a cut inside the announcement" => Cut(Part::Announcement), "the datagram ends inside it";
    "a cut inside the signature" => Cut(Part::Signature), "the datagram ends inside it";
    "more than 1,400 octets" => TooLong, "a field that may be ignored makes the datagram too long";
    "octets after the announcement" => Trailing, "four octets follow the COSE_Sign1";
    "another content type" => OtherContentType, "that of a data synchronisation notification";
    "another application id" => OtherApplication, "that of the MMS user agent";
    "its headers in another order" => SwappedHeaders, "the application id stands in front of the content type";
    "a padded length of the headers" => PaddedHeadersLen, "HeadersLen is `80 03`";
    "headers that run past the end" => HeadersBeyondEnd, "HeadersLen says more than the datagram has";
    "more than 48 octets of headers" => LongHeaders, "further headers fill the front";
    "another PDU type" => OtherPdu, "WSP type 07";
    "no announcement" => NoAnnouncement, "Package #0 has no vendor octets";
    "an announcement that is not CBOR" => NotCbor, "the payload is JSON";
    "an unknown critical field" => CriticalField, "the announcement has a key 64";
    "an unknown field that may be ignored" => IgnorableField, "the announcement has a key 40; it is accepted";
    "an indefinite length" => IndefiniteLength, "the map of the announcement ends with a break";
    "a number longer than it needs to be" => LongNumber, "the profile version takes two octets";
    "a field that stands twice" => DoubledField, "the profile version stands twice";
    "a missing mandatory field" => MissingField, "the profile version is missing";
    "fields out of order" => UnorderedFields, "the profile version stands last";
    "another profile version" => OtherProfileVersion, "profile version 2";
    "no signature" => Unsigned, "the vendor octets are the announcement alone";
    "an empty signature" => EmptySignature, "the signature has no octets";
    "another key" => OtherKey, "signed by a key of its own under the provider's key id: a forgery";
    "another key and the sequence number that comes next" => ForgedNext, "a forgery that would use the number up";
    "an unknown key id" => UnknownKeyId, "signed by the provider's key under another key id";
    "a revoked key" => RevokedKey, "signed by the provider's former key, which Devices have revoked";
    "an announcement changed after signing" => ChangedAnnouncement, "its retry interval is not the signed one";
    "another ui-mode than was signed" => ChangedUiMode, "the trigger header was changed, the digest made anew";
    "another SessionID than was signed" => ChangedSession, "the trigger header was changed, the digest made anew";
    "a signature that leaves the trigger header out" => UnboundSignature, "the signature covers the announcement alone";
    "another server identifier" => OtherServer, "digest and signature are the provider's, the name is not";
    "the sequence number of the last campaign" => SameSequence, "signed by the provider's key";
    "a lower sequence number than the last campaign" => LowerSequence, "signed by the provider's key";
    "an expiry that has passed" => Expired, "signed by the provider's key an hour ago";
    "a file table that is not XML" => TableNotXml, "the file table is JSON";
    "a file table without Expires" => TableWithoutExpires, "the attribute is missing";
    "a file table that names a TOI twice" => TableWithDoubledToi, "Command and package have the same TOI";
    "wrong FEC attributes" => WrongFecAttributes, "the file table says symbols of 64 octets, which they are not";
    "packets of LCT version 2" => LctVersion, "all of the delivery";
    "packets cut inside the LCT header" => CutLct, "all of the delivery";
    "a package longer than announced" => LongPackage, "its first octets are those announced";
    "a package shorter than announced" => ShortPackage, "its last octet is missing";
    "a swapped Command" => SwappedCommand, "of the announced size, but with another digest";
    "a swapped package" => SwappedPackage, "of the announced size, but with another digest";
    "the delivery of another campaign" => OtherDelivery, "Command and package are those of another authentic campaign";
    "a Command for somebody else" => CommandForOthers, "as announced, but its Target is another Device";
    "a Command of another session" => CommandOfOtherSession, "as announced, but of another SessionID";
    "a Command of another server" => CommandOfOtherServer, "as announced, but its Source is another DM Server";
    "a Command that is not well-formed" => CommandNotWellFormed, "as announced, but its end tag is missing";
    "a package that is said to be compressed" => EncodedPackage, "as announced, with Content-Encoding gzip";
    "a package that inflates a hundredfold" => PackageBomb, "as announced, a bomb with Content-Encoding zlib";
    "a file table that is said to be compressed" => EncodedTable, "each of its packets has EXT_CENC";
    "a file table that inflates a hundredfold" => TableBomb, "each of its packets has EXT_CENC, the table is a bomb";
    "a package without end" => EndlessPackage, "its symbols go on and on, and the session is never closed";
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Self::ALL.iter().find(|(_, flaw, _)| flaw == self).map(|(words, ..)| *words);
        f.write_str(words.expect("every flaw has a row"))
    }
}

impl Flaw {
    /// The flaw that is told in these words.
    pub fn from_words(words: &str) -> Option<Self> {
        Self::ALL.iter().find(|(row, ..)| *row == words).map(|(_, flaw, _)| *flaw)
    }

    /// Whether the notification is as it should be, and only the delivery is not.
    pub fn is_of_delivery(self) -> bool {
        let position = |wanted| Self::ALL.iter().position(|(_, flaw, _)| *flaw == wanted);
        position(self) >= position(Self::TableNotXml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_is_told_in_words_of_its_own() {
        for (words, flaw, _) in Flaw::ALL {
            assert_eq!(flaw.to_string(), *words);
            assert_eq!(Flaw::from_words(words), Some(*flaw));
        }
    }
}
