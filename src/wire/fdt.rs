//! The File Delivery Table of FLUTE (RFC 6726 section 3.4.2, RFC 3926).
//!
//! The XML document on TOI 0 that says which object is which file. Attributes a File inherits from the FDT-Instance
//! (FEC-OTI, Content-Type, Content-Encoding) are resolved when reading, and written on each File, since a receiver is
//! known that looks nowhere else. Extensions of other namespaces are skipped. A table has at most 64 KiB, 1,024 files and
//! 64 attributes an element, and decoding allocates a small multiple of its octets; a DOCTYPE is refused, so nothing
//! expands.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};

use super::alc::{FecOti, NO_CODE, RAPTOR_Q, SMALL_BLOCK};
use crate::spec::Timestamp;

mod read;

/// Octets a table may have.
pub const MAX_OCTETS: usize = 64 * 1024;
/// Files a table may have.
pub const MAX_FILES: usize = 1024;

/// Seconds from the start of NTP time, 1900, to the Unix epoch.
const NTP_UNIX: u64 = 2_208_988_800;

/// The version of FLUTE a session speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FluteVersion {
    /// RFC 3926.
    V1,
    /// RFC 6726.
    V2,
}

impl FluteVersion {
    /// The number in EXT_FDT.
    pub fn number(self) -> u8 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// The XML namespace of the table. RFC 3926 has an example address only; everybody uses the one of 3GPP.
    fn namespace(self) -> &'static str {
        match self {
            Self::V1 => "urn:IETF:metadata:2005:FLUTE:FDT",
            Self::V2 => "urn:ietf:params:xml:ns:fdt",
        }
    }
}

/// The FEC-OTI attributes of a file as the table states them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FecAttributes {
    /// FEC-Encoding-ID.
    pub encoding_id: Option<u8>,
    /// FEC-Instance-ID.
    pub instance_id: Option<u64>,
    /// Maximum-Source-Block-Length, in symbols.
    pub max_block_length: Option<u64>,
    /// Encoding-Symbol-Length, in octets.
    pub symbol_length: Option<u64>,
    /// Max-Number-of-Encoding-Symbols of a block.
    pub max_symbols: Option<u64>,
    /// Scheme-Specific-Info, base64.
    pub scheme_specific: Option<String>,
}

impl From<FecOti> for FecAttributes {
    fn from(oti: FecOti) -> Self {
        let common = Self {
            encoding_id: Some(oti.encoding_id()),
            symbol_length: Some(oti.symbol_length().into()),
            ..Self::default()
        };
        match oti {
            FecOti::NoCode { max_block_length, .. } => {
                Self { max_block_length: Some(max_block_length.into()), ..common }
            }
            FecOti::SmallBlock { instance, max_block_length, max_symbols, .. } => Self {
                instance_id: Some(instance.into()),
                max_block_length: Some(max_block_length.into()),
                max_symbols: Some(max_symbols.into()),
                ..common
            },
            FecOti::RaptorQ { source_blocks, sub_blocks, alignment, .. } => {
                let [high, low] = sub_blocks.to_be_bytes();
                let info = BASE64_STANDARD.encode([source_blocks, high, low, alignment]);
                Self { scheme_specific: Some(info), ..common }
            }
        }
    }
}

impl FecAttributes {
    /// The same as EXT_FTI would say it for an object of `transfer_length` octets; `None` when the attributes are not
    /// complete, out of range, or of a scheme other than 0, 6 and 129.
    pub fn oti(&self, transfer_length: u64) -> Option<FecOti> {
        let symbol_length = self.symbol_length?.try_into().ok()?;
        match self.encoding_id? {
            NO_CODE => {
                let max_block_length = self.max_block_length?.try_into().ok()?;
                Some(FecOti::NoCode { transfer_length, symbol_length, max_block_length })
            }
            SMALL_BLOCK => Some(FecOti::SmallBlock {
                transfer_length,
                instance: self.instance_id.unwrap_or(0).try_into().ok()?,
                symbol_length,
                max_block_length: self.max_block_length?.try_into().ok()?,
                max_symbols: self.max_symbols.or(self.max_block_length)?.try_into().ok()?,
            }),
            RAPTOR_Q => {
                let info = BASE64_STANDARD.decode(self.scheme_specific.as_ref()?).ok()?;
                let &[source_blocks, high, low, alignment] = info.as_slice() else { return None };
                let sub_blocks = u16::from_be_bytes([high, low]);
                Some(FecOti::RaptorQ { transfer_length, symbol_length, source_blocks, sub_blocks, alignment })
            }
            _ => None,
        }
    }

    fn or(self, inherited: &Self) -> Self {
        Self {
            encoding_id: self.encoding_id.or(inherited.encoding_id),
            instance_id: self.instance_id.or(inherited.instance_id),
            max_block_length: self.max_block_length.or(inherited.max_block_length),
            symbol_length: self.symbol_length.or(inherited.symbol_length),
            max_symbols: self.max_symbols.or(inherited.max_symbols),
            scheme_specific: self.scheme_specific.or_else(|| inherited.scheme_specific.clone()),
        }
    }
}

/// One file of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FdtFile {
    /// The object that carries the file; never 0, which is the table itself.
    pub toi: u128,
    /// Content-Location, the name of the file.
    pub location: String,
    /// Octets of the file.
    pub content_length: Option<u64>,
    /// Octets of the object, after content encoding.
    pub transfer_length: Option<u64>,
    /// Media type.
    pub content_type: Option<String>,
    /// Content encoding, such as `gzip`.
    pub content_encoding: Option<String>,
    /// MD5 of the file, base64.
    pub content_md5: Option<String>,
    /// FEC-OTI attributes.
    pub fec: FecAttributes,
}

impl FdtFile {
    /// Octets of the object: Transfer-Length, or Content-Length where that is missing.
    pub fn object_length(&self) -> Option<u64> {
        self.transfer_length.or(self.content_length)
    }
}

/// An FDT Instance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fdt {
    /// When the table ceases to hold: the upper 32 bits of NTP time, seconds since 1900 modulo 2^32.
    pub expires: u32,
    /// Whether no later table of the session will name further files.
    pub complete: bool,
    /// The files in the order of the document.
    pub files: Vec<FdtFile>,
}

impl Fdt {
    /// The value of `expires` for `time`, rounded up to whole seconds so that a table lives no shorter than meant.
    pub fn expires_field(time: Timestamp) -> u32 {
        let seconds = time.as_nanos().div_ceil(1_000_000_000) + NTP_UNIX;
        // The era of 1900 ends in 2036; the field wraps then, and `expires_at` follows it.
        (seconds & u64::from(u32::MAX)) as u32
    }

    /// When the table ceases to hold. A value before 1970 is read as one of the NTP era that begins in 2036.
    pub fn expires_at(&self) -> Timestamp {
        let field = u64::from(self.expires);
        let seconds = if field < NTP_UNIX { field + (1 << 32) } else { field } - NTP_UNIX;
        Timestamp::from_millis(seconds * 1000)
    }

    /// The document, in the namespace of `version`.
    pub fn to_xml(&self, version: FluteVersion) -> Vec<u8> {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<FDT-Instance");
        attribute(&mut xml, "xmlns", Some(version.namespace()));
        attribute(&mut xml, "Expires", Some(self.expires));
        attribute(&mut xml, "Complete", self.complete.then_some("true"));
        xml.push('>');
        for file in &self.files {
            xml.push_str("\n<File");
            attribute(&mut xml, "TOI", Some(file.toi));
            attribute(&mut xml, "Content-Location", Some(&file.location));
            attribute(&mut xml, "Content-Length", file.content_length);
            attribute(&mut xml, "Transfer-Length", file.transfer_length);
            attribute(&mut xml, "Content-Type", file.content_type.as_ref());
            attribute(&mut xml, "Content-Encoding", file.content_encoding.as_ref());
            attribute(&mut xml, "Content-MD5", file.content_md5.as_ref());
            attribute(&mut xml, "FEC-OTI-FEC-Encoding-ID", file.fec.encoding_id);
            attribute(&mut xml, "FEC-OTI-FEC-Instance-ID", file.fec.instance_id);
            attribute(&mut xml, "FEC-OTI-Maximum-Source-Block-Length", file.fec.max_block_length);
            attribute(&mut xml, "FEC-OTI-Encoding-Symbol-Length", file.fec.symbol_length);
            attribute(&mut xml, "FEC-OTI-Max-Number-of-Encoding-Symbols", file.fec.max_symbols);
            attribute(&mut xml, "FEC-OTI-Scheme-Specific-Info", file.fec.scheme_specific.as_ref());
            xml.push_str("/>");
        }
        xml.push_str("\n</FDT-Instance>\n");
        xml.into_bytes()
    }
}

fn attribute(xml: &mut String, name: &str, value: Option<impl ToString>) {
    if let Some(value) = value {
        write!(xml, " {name}=\"{}\"", escape(value.to_string())).expect("a String takes all text");
    }
}

#[cfg(test)]
mod tests {
    use flute::core::{Oti, UDPEndpoint};
    use flute::sender::{Config, ObjectDesc, Profile, Sender, TransferConfig};
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = r#"<FDT-Instance Expires="4000000000">"#;

    fn oti() -> impl Strategy<Value = FecOti> {
        (1..1u64 << 40, any::<[u16; 4]>(), any::<[u8; 2]>(), 0..3u8).prop_map(
            |(transfer_length, [a, b, c, d], [e, f], scheme)| match scheme {
                0 => FecOti::NoCode { transfer_length, symbol_length: a, max_block_length: b.into() },
                1 => FecOti::SmallBlock {
                    transfer_length,
                    instance: a,
                    symbol_length: b,
                    max_block_length: c,
                    max_symbols: d,
                },
                _ => {
                    FecOti::RaptorQ { transfer_length, symbol_length: a, source_blocks: e, sub_blocks: b, alignment: f }
                }
            },
        )
    }

    fn table() -> impl Strategy<Value = Fdt> {
        let text = "[ -~é€]{0,20}";
        let file = (text, of(any::<u64>()), of(text), of(text), of(text), of(oti())).prop_map(
            |(location, content_length, content_type, content_encoding, content_md5, oti)| FdtFile {
                toi: 0,
                location,
                content_length,
                transfer_length: oti.map(|oti| oti.transfer_length()),
                content_type,
                content_encoding,
                content_md5,
                fec: oti.map(FecAttributes::from).unwrap_or_default(),
            },
        );
        (any::<u32>(), any::<bool>(), vec(file, 0..5)).prop_map(|(expires, complete, mut files)| {
            files.iter_mut().zip(1..).for_each(|(file, toi)| file.toi = toi);
            Fdt { expires, complete, files }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn reading_undoes_writing(table in table()) {
            for version in [FluteVersion::V1, FluteVersion::V2] {
                prop_assert_eq!(Fdt::from_xml(&table.to_xml(version)), Ok(table.clone()));
            }
        }

        #[test]
        fn attributes_say_the_same_as_the_extension(oti in oti()) {
            prop_assert_eq!(FecAttributes::from(oti).oti(oti.transfer_length()), Some(oti));
        }

        #[test]
        fn arbitrary_octets_never_panic(octets in vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
            let _ = Fdt::from_xml(&octets);
            let whole = format!("{HEAD}<File TOI=\"1\" Content-Location=\"a&amp;b\" Complete='x'/></FDT-Instance>");
            let mut spoilt = whole.into_bytes();
            let start = cut.index(spoilt.len());
            spoilt.splice(start.., octets);
            let _ = Fdt::from_xml(&spoilt);
        }
    }

    #[test]
    fn any_prefix_is_read_and_what_is_foreign_is_skipped() {
        let xml = br#"<?xml version="1.0"?><!-- x -->
            <f:FDT-Instance xmlns:f="urn:ietf:params:xml:ns:fdt" xmlns:m="urn:3GPP:m" Expires=" 4000000000 " Complete="1"
                m:FullFDT="true" Content-Type="text/plain" FEC-OTI-FEC-Encoding-ID="0"
                FEC-OTI-Maximum-Source-Block-Length="64" FEC-OTI-Encoding-Symbol-Length="1400">
              <f:File TOI="3" Content-Location="a?x=1&amp;y=2" Content-Length="5" m:TOI="9"><m:File TOI="x"/>x&#65;</f:File>
              <m:schemaVersion>4</m:schemaVersion>
              <f:File TOI="4" Content-Location="b" Content-Type="text/xml" FEC-OTI-Encoding-Symbol-Length="1000"/>
            </f:FDT-Instance>"#;

        let table = Fdt::from_xml(xml).unwrap();

        assert!(table.complete);
        let [first, second] = &table.files[..] else { panic!("{:?}", table.files) };
        assert_eq!((first.toi, first.location.as_str(), first.object_length()), (3, "a?x=1&y=2", Some(5)));
        assert_eq!(first.content_type.as_deref(), Some("text/plain"));
        let oti =
            |transfer_length, symbol_length| FecOti::NoCode { transfer_length, symbol_length, max_block_length: 64 };
        assert_eq!(first.fec.oti(5), Some(oti(5, 1400)));
        assert_eq!(second.content_type.as_deref(), Some("text/xml"));
        assert_eq!(second.fec.oti(7), Some(oti(7, 1000)));
    }

    #[test]
    fn malformed_tables_are_refused() {
        let many = "<File TOI='1' Content-Location=''/>".repeat(2);
        let attributes: String = (0..65).map(|number| format!(" a{number}=''")).collect();
        let table = [
            (String::new(), "document"),
            ("<FDT-Instance/>".into(), "Expires"),
            (r#"<FDT-Instance Expires="4294967296"/>"#.into(), "Expires"),
            (r#"<FDT-Instance Expires="+1"/>"#.into(), "Expires"),
            (r#"<FDT-Instance Expires="1" Complete="yes"/>"#.into(), "Complete"),
            (r#"<FDT-Instance Expires="1" Expires="2"/>"#.into(), "attributes"),
            (format!("<FDT-Instance Expires='1'{attributes}/>"), "attributes"),
            (r#"<FDT-Instance Expires="&e;"/>"#.into(), "attributes"),
            ("<other Expires='1'/>".into(), "FDT-Instance"),
            ("<!DOCTYPE x><FDT-Instance Expires='1'/>".into(), "document"),
            ("<FDT-Instance Expires='1'/><FDT-Instance Expires='1'/>".into(), "document"),
            ("<FDT-Instance Expires='1'/>x".into(), "document"),
            (HEAD.into(), "document"),
            (format!("{HEAD}</x>"), "document"),
            (format!("{HEAD}<File Content-Location=''/></FDT-Instance>"), "TOI"),
            (format!("{HEAD}<File TOI='0' Content-Location=''/></FDT-Instance>"), "TOI"),
            (format!("{HEAD}<File TOI='{}' Content-Location=''/></FDT-Instance>", 1_u128 << 112), "TOI"),
            (format!("{HEAD}<File TOI='1'/></FDT-Instance>"), "Content-Location"),
            (format!("{HEAD}<File TOI='1' Content-Location='' Content-Length='-1'/></FDT-Instance>"), "Content-Length"),
            (format!("{HEAD}{many}</FDT-Instance>"), "TOI"),
            (format!("{HEAD}{}</FDT-Instance>", " ".repeat(MAX_OCTETS)), "document"),
        ];

        for (xml, field) in table {
            let refused = Fdt::from_xml(xml.as_bytes()).unwrap_err();
            assert_eq!(refused.field, field, "{}: {refused}", xml.chars().take(80).collect::<String>());
        }
        assert!(Fdt::from_xml(b"<FDT-Instance Expires='1' Content-Type='\xFF'/>").is_err());
    }

    #[test]
    fn the_table_of_an_independent_sender_is_understood() {
        for profile in [Profile::RFC3926, Profile::RFC6726] {
            let endpoint = UDPEndpoint::new(None, "239.255.0.1".into(), 4001);
            let config = Config { profile, ..Config::default() };
            let mut sender = Sender::new(endpoint, 7, &Oti::new_no_code(1400, 64), &config);
            let location = &"http://sp.example/a?x=1&y=2".parse().unwrap();
            let object =
                ObjectDesc::create_from_buffer(vec![9; 2500], "text/plain", location, true, TransferConfig::default());
            sender.add_object(0, object.unwrap()).unwrap();
            sender.set_complete();
            let now = Timestamp::from_millis(1_800_000_000_000);

            let table = Fdt::from_xml(&sender.fdt_xml_data(now.to_system_time()).unwrap()).unwrap();

            assert_eq!((table.complete, table.expires_at()), (true, Timestamp::from_millis(1_800_003_600_000)));
            let [file] = &table.files[..] else { panic!("{:?}", table.files) };
            assert_eq!((file.toi, file.location.as_str()), (1, "http://sp.example/a?x=1&y=2"));
            assert_eq!((file.content_length, file.transfer_length), (Some(2500), Some(2500)));
            let oti = FecOti::NoCode { transfer_length: 2500, symbol_length: 1400, max_block_length: 64 };
            assert_eq!(file.fec.oti(2500), Some(oti));
        }
    }

    #[test]
    fn a_table_has_at_most_so_many_files() {
        let files =
            |count| (1..=count).map(|toi| format!("<File TOI='{toi}' Content-Location=''/>")).collect::<String>();

        let most = Fdt::from_xml(format!("{HEAD}{}</FDT-Instance>", files(MAX_FILES)).as_bytes());
        let more = Fdt::from_xml(format!("{HEAD}{}</FDT-Instance>", files(MAX_FILES + 1)).as_bytes());

        assert_eq!(most.unwrap().files.len(), MAX_FILES);
        assert_eq!(more.unwrap_err().field, "File");
    }

    #[test]
    fn expiry_is_rounded_up_and_follows_the_next_era() {
        let in_2026 = Timestamp::from_millis(1_790_000_000_001);
        let in_2040 = Timestamp::from_millis(2_208_988_800_000);

        let at = |time| Fdt { expires: Fdt::expires_field(time), ..Fdt::default() }.expires_at();

        assert_eq!(at(in_2026), Timestamp::from_millis(1_790_000_001_000));
        assert_eq!(at(in_2040), in_2040);
        assert_eq!(Fdt::expires_field(Timestamp::default()), 2_208_988_800);
    }
}
