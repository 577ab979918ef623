//! The table in an XML document.

use std::str::FromStr;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::super::DecodeError;
use super::{Fdt, FdtFile, FecAttributes, MAX_FILES, MAX_OCTETS};

const MAX_ATTRIBUTES: usize = 64;
const CLAUSE: &str = "RFC 6726 section 3.4.2";

impl Fdt {
    /// The table in a document.
    ///
    /// # Errors
    /// [`DecodeError`] when the document is too long, not well-formed UTF-8 XML, has a DOCTYPE, its root is no
    /// FDT-Instance, a required attribute is missing or malformed, or two files share a TOI.
    pub fn from_xml(octets: &[u8]) -> Result<Self, DecodeError> {
        if octets.len() > MAX_OCTETS {
            let reason = format!("{} octets, at most {MAX_OCTETS} are read", octets.len());
            return Err(error(0, "document", reason, "bound of this decoder"));
        }
        let text = std::str::from_utf8(octets)
            .map_err(|cause| error(cause.valid_up_to(), "document", "not UTF-8".into(), CLAUSE))?;
        let mut reader = Reader::from_str(text);
        let mut table: Option<(Self, FdtFile)> = None;
        let mut depth = 0_usize;
        loop {
            let offset = position(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|cause| error(position(reader.error_position()), "document", cause.to_string(), "XML 1.0"))?;
            let nested = matches!(event, Event::Start(_));
            match event {
                Event::Start(element) | Event::Empty(element) => {
                    match (&mut table, depth) {
                        (None, _) => table = Some(instance(&element, offset)?),
                        (Some(_), 0) => return Err(error(offset, "document", "second root element".into(), "XML 1.0")),
                        (Some((table, inherited)), 1) if element.local_name().into_inner() == "File" => {
                            table.add(file(&element, inherited, offset)?, offset)?;
                        }
                        _ => {}
                    }
                    depth += usize::from(nested);
                }
                Event::End(_) => depth = depth.saturating_sub(1),
                Event::DocType(_) => {
                    return Err(error(offset, "document", "document type declaration".into(), "bound of this decoder"));
                }
                Event::Text(text) if depth == 0 && !text.trim_ascii().is_empty() => {
                    return Err(error(offset, "document", "text outside the root element".into(), "XML 1.0"));
                }
                Event::CData(_) | Event::GeneralRef(_) if depth == 0 => {
                    return Err(error(offset, "document", "text outside the root element".into(), "XML 1.0"));
                }
                Event::Eof => {
                    let (table, _) = table.filter(|_| depth == 0).ok_or_else(|| {
                        error(offset, "document", "ends before its root element does".into(), "XML 1.0")
                    })?;
                    return Ok(table);
                }
                Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_) => {}
            }
        }
    }

    fn add(&mut self, file: FdtFile, offset: usize) -> Result<(), DecodeError> {
        if self.files.len() == MAX_FILES {
            return Err(error(offset, "File", format!("more than {MAX_FILES} files"), "bound of this decoder"));
        }
        if self.files.iter().any(|other| other.toi == file.toi) {
            return Err(error(offset, "TOI", format!("two files with TOI {}", file.toi), CLAUSE));
        }
        self.files.push(file);
        Ok(())
    }
}

/// The root element: the table without files, and what files inherit.
fn instance(element: &BytesStart<'_>, offset: usize) -> Result<(Fdt, FdtFile), DecodeError> {
    if element.local_name().into_inner() != "FDT-Instance" {
        return Err(error(offset, "FDT-Instance", "another root element".into(), CLAUSE));
    }
    let mut inherited = FdtFile::default();
    let (mut expires, mut complete) = (None, false);
    attributes(element, offset, |name, value| {
        match name {
            "Expires" => expires = Some(decimal(value, "Expires", offset)?),
            "Complete" => complete = boolean(value, offset)?,
            "Content-Type" => inherited.content_type = Some(value.into()),
            "Content-Encoding" => inherited.content_encoding = Some(value.into()),
            _ => fec(&mut inherited.fec, name, value, offset)?,
        }
        Ok(())
    })?;
    let expires = expires.ok_or_else(|| error(offset, "Expires", "missing".into(), CLAUSE))?;
    Ok((Fdt { expires, complete, files: Vec::new() }, inherited))
}

fn file(element: &BytesStart<'_>, inherited: &FdtFile, offset: usize) -> Result<FdtFile, DecodeError> {
    let mut file = FdtFile::default();
    let (mut toi, mut location) = (None, None);
    attributes(element, offset, |name, value| {
        match name {
            "TOI" => toi = Some(decimal::<u128>(value, "TOI", offset)?),
            "Content-Location" => location = Some(value.to_owned()),
            "Content-Length" => file.content_length = Some(decimal(value, "Content-Length", offset)?),
            "Transfer-Length" => file.transfer_length = Some(decimal(value, "Transfer-Length", offset)?),
            "Content-Type" => file.content_type = Some(value.into()),
            "Content-Encoding" => file.content_encoding = Some(value.into()),
            "Content-MD5" => file.content_md5 = Some(value.into()),
            _ => fec(&mut file.fec, name, value, offset)?,
        }
        Ok(())
    })?;
    file.toi = toi.ok_or_else(|| error(offset, "TOI", "missing".into(), CLAUSE))?;
    if file.toi == 0 || file.toi >> 112 != 0 {
        return Err(error(offset, "TOI", format!("{}, not of 1 to 112 bits", file.toi), CLAUSE));
    }
    file.location = location.ok_or_else(|| error(offset, "Content-Location", "missing".into(), CLAUSE))?;
    file.fec = file.fec.or(&inherited.fec);
    file.content_type = file.content_type.or_else(|| inherited.content_type.clone());
    file.content_encoding = file.content_encoding.or_else(|| inherited.content_encoding.clone());
    Ok(file)
}

fn fec(fec: &mut FecAttributes, name: &str, value: &str, offset: usize) -> Result<(), DecodeError> {
    match name {
        "FEC-OTI-FEC-Encoding-ID" => fec.encoding_id = Some(decimal(value, "FEC-OTI-FEC-Encoding-ID", offset)?),
        "FEC-OTI-FEC-Instance-ID" => fec.instance_id = Some(decimal(value, "FEC-OTI-FEC-Instance-ID", offset)?),
        "FEC-OTI-Maximum-Source-Block-Length" => {
            fec.max_block_length = Some(decimal(value, "FEC-OTI-Maximum-Source-Block-Length", offset)?);
        }
        "FEC-OTI-Encoding-Symbol-Length" => {
            fec.symbol_length = Some(decimal(value, "FEC-OTI-Encoding-Symbol-Length", offset)?);
        }
        "FEC-OTI-Max-Number-of-Encoding-Symbols" => {
            fec.max_symbols = Some(decimal(value, "FEC-OTI-Max-Number-of-Encoding-Symbols", offset)?);
        }
        "FEC-OTI-Scheme-Specific-Info" => fec.scheme_specific = Some(value.into()),
        _ => {}
    }
    Ok(())
}

/// Hands name and value of each attribute to `each`; the attributes of FLUTE have no prefix, so a prefix means another's.
fn attributes(
    element: &BytesStart<'_>,
    offset: usize,
    mut each: impl FnMut(&str, &str) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    for (index, attribute) in element.attributes().enumerate() {
        let malformed = |reason: String| error(offset, "attributes", reason, "XML 1.0");
        if index == MAX_ATTRIBUTES {
            return Err(malformed(format!("more than {MAX_ATTRIBUTES} attributes")));
        }
        let attribute = attribute.map_err(|cause| malformed(cause.to_string()))?;
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|cause| malformed(cause.to_string()))?;
        each(attribute.key.into_inner(), &value)?;
    }
    Ok(())
}

fn decimal<T: FromStr>(text: &str, field: &'static str, offset: usize) -> Result<T, DecodeError> {
    // `parse` would take a sign, which the schema's unsigned types do not have; white space around is collapsed.
    let digits = text.trim_ascii();
    let number = digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.ok_or_else(|| {
        let shown: String = text.chars().take(32).collect();
        error(offset, field, format!("`{shown}` is no number of its range"), CLAUSE)
    })
}

fn boolean(text: &str, offset: usize) -> Result<bool, DecodeError> {
    match text.trim_ascii() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(error(offset, "Complete", "neither true nor false".into(), CLAUSE)),
    }
}

fn position(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn error(offset: usize, field: &'static str, reason: String, clause: &'static str) -> DecodeError {
    DecodeError { protocol: "FDT", offset, field, reason, clause }
}
