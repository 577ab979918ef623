//! XML 1.0 as SyncML uses it: elements and text, and nothing that expands.
//!
//! A document becomes a tree of [`Element`]s in one pass. There are no entities but the five of XML 1.0 and character
//! references; a document type declaration is passed over when it is bare and refused when it declares anything; nothing
//! is ever fetched. Namespaces and prefixes are accepted as found: an element goes by its local name, because Devices
//! in the field write `Type` and `Format` with and without theirs.
//!
//! Bounds: [`MAX_OCTETS`] of document, [`MAX_DEPTH`] levels, [`MAX_ELEMENTS`] elements, [`MAX_ATTRIBUTES`] an element.
//! The tree therefore takes at most its input plus some 120 octets an element.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use crate::wire::DecodeError;

/// Octets that a document may have.
pub(in crate::wire) const MAX_OCTETS: usize = 256 * 1024;
/// Levels of elements; a command of a group of a group needs 9.
pub(in crate::wire) const MAX_DEPTH: usize = 16;
/// Elements that a document may have.
pub(in crate::wire) const MAX_ELEMENTS: usize = 4096;
/// Attributes that an element may have. The reader compares each with all others, so the bound keeps that cheap;
/// SyncML needs one, `xmlns`.
pub(in crate::wire) const MAX_ATTRIBUTES: usize = 16;

const PROTOCOL: &str = "SyncML DM 1.2";
const XML: &str = "XML 1.0";
const LIMITS: &str = "castproof profile 1, clause 4";

const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// The elements of the SyncML 1.2 and MetInf DTDs that an error can be about.
const NAMES: &str = "SyncML SyncHdr SyncBody VerDTD VerProto SessionID MsgID Target Source LocURI LocName RespURI Cred Chal Meta Type \
    Format Mark NextNonce Data Item CmdID MsgRef CmdRef Cmd TargetRef SourceRef Correlator Final Status Alert \
    Replace Add Delete Get Results Exec Sequence Atomic ResultCode Identifier";

/// An element with what it holds.
#[derive(Debug)]
pub(in crate::wire) struct Element<'a> {
    /// The name without its prefix.
    pub(in crate::wire) name: &'a str,
    /// Octets from the start of the document to the start tag.
    pub(in crate::wire) offset: usize,
    /// The character data directly inside, references resolved, pieces joined.
    pub(in crate::wire) text: Cow<'a, str>,
    /// Everything between the tags, as written.
    pub(in crate::wire) markup: &'a str,
    /// The elements inside, in document order.
    pub(in crate::wire) children: Vec<Element<'a>>,
}

/// Whether XML 1.0 allows the character in a document (production 2, `Char`).
pub(in crate::wire) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Whether the character is white space to XML 1.0 (production 3, `S`).
pub(in crate::wire) fn is_xml_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The name as an error's field: the element's own when it is one of SyncML's, otherwise `document`.
pub(in crate::wire) fn field_name(name: &str) -> &'static str {
    NAMES.split(' ').find(|known| *known == name).unwrap_or("document")
}

impl Element<'_> {
    /// An error about this element.
    pub(in crate::wire) fn error(&self, reason: impl Into<String>, clause: &'static str) -> DecodeError {
        error(self.offset, field_name(self.name), reason, clause)
    }
}

fn error(offset: usize, field: &'static str, reason: impl Into<String>, clause: &'static str) -> DecodeError {
    DecodeError { protocol: PROTOCOL, offset, field, reason: reason.into(), clause }
}

/// Reads a document into its root element.
///
/// # Errors
/// [`DecodeError`] when the octets are no well-formed XML 1.0 document in UTF-8, declare a document type of their own, or
/// pass a bound of this module. The field is the innermost open element.
pub(in crate::wire) fn parse(octets: &[u8]) -> Result<Element<'_>, DecodeError> {
    if octets.len() > MAX_OCTETS {
        let reason = format!("{} octets, at most {MAX_OCTETS} are read", octets.len());
        return Err(error(MAX_OCTETS, "document", reason, LIMITS));
    }
    let text = std::str::from_utf8(octets)
        .map_err(|fault| error(fault.valid_up_to(), "document", "not UTF-8", "XML 1.0, clause 4.3.3"))?;
    // All are looked at whatever is found, many at a time.
    let is_plain = text.bytes().fold(true, |plain, octet| plain & matches!(octet, b' '..=b'~' | b'\t' | b'\n' | b'\r'));
    if !is_plain && let Some((offset, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        let reason = format!("the character U+{:04X}, which XML forbids", u32::from(c));
        return Err(error(offset, "document", reason, "XML 1.0, clause 2.2"));
    }
    // The reader does not count a byte order mark, so it is taken off here and added to what is reported.
    let document = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if document.starts_with(BYTE_ORDER_MARK) {
        return Err(error(BYTE_ORDER_MARK.len_utf8(), "document", "a second byte order mark", XML));
    }
    let marked = text.len() - document.len();
    Builder { text: document, marked, open: Vec::new(), root: None, elements: 0 }.run()
}

/// The tree while it grows. `open` holds each open element with the offset in `text` where its content begins; `marked`
/// is what was taken off in front of `text`.
struct Builder<'a> {
    text: &'a str,
    marked: usize,
    open: Vec<(Element<'a>, usize)>,
    root: Option<Element<'a>>,
    elements: usize,
}

impl<'a> Builder<'a> {
    fn run(mut self) -> Result<Element<'a>, DecodeError> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        let mut prolog = Prolog::Start;
        loop {
            let at = octets(reader.buffer_position());
            let event =
                reader.read_event().map_err(|fault| self.fail(octets(reader.error_position()), fault.to_string()))?;
            let after = octets(reader.buffer_position());
            match event {
                Event::Decl(declaration) => match prolog {
                    Prolog::Start => self.check_declaration(at, &declaration)?,
                    Prolog::Declared | Prolog::Over => {
                        return Err(self.fail(at, "an XML declaration after the start of the document"));
                    }
                },
                Event::DocType(declared) => match prolog {
                    Prolog::Over => return Err(self.fail(at, "a document type declaration inside the document")),
                    _ if declared.contains('[') => return Err(self.fail(at, "a document type that declares entities")),
                    _ => {}
                },
                Event::Start(start) => {
                    prolog = Prolog::Over;
                    self.open(at, after, &start)?;
                }
                Event::Empty(start) => {
                    prolog = Prolog::Over;
                    self.open(at, after, &start)?;
                    self.close(after)?;
                }
                Event::End(_) => self.close(at)?,
                Event::Text(piece) => {
                    let piece = piece.xml10_content();
                    if piece.contains("]]>") {
                        return Err(self.fail(at, "`]]>` in text"));
                    }
                    self.text(at, piece)?;
                }
                Event::CData(piece) if self.open.is_empty() => {
                    return Err(self.fail(at, format!("{} octets of CDATA outside the root element", piece.len())));
                }
                Event::CData(piece) => self.text(at, piece.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let c = self.resolve(at, &reference)?;
                    if self.open.is_empty() {
                        return Err(self.fail(at, "a reference outside the root element"));
                    }
                    self.text(at, c.to_string().into())?;
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if !self.open.is_empty() => {
                    return Err(self.fail(at, "the document ends inside the element"));
                }
                Event::Eof => return self.root.take().ok_or_else(|| self.fail(at, "no element")),
            }
            // Whatever came first, a declaration can no longer follow.
            if matches!(prolog, Prolog::Start) {
                prolog = Prolog::Declared;
            }
        }
    }

    fn fail(&self, at: usize, reason: impl Into<String>) -> DecodeError {
        let field = self.open.last().map_or("document", |(element, _)| field_name(element.name));
        error(at + self.marked, field, reason, XML)
    }

    fn past(&self, at: usize, limit: usize, of: &str) -> DecodeError {
        DecodeError { clause: LIMITS, ..self.fail(at, format!("more than {limit} {of}")) }
    }

    fn check_declaration(&self, at: usize, declaration: &BytesDecl<'_>) -> Result<(), DecodeError> {
        let version = declaration.version().map_err(|fault| self.fail(at, fault.to_string()))?;
        if version != "1.0" {
            return Err(self.fail(at, format!("XML version `{version}`, only 1.0 is read")));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
            Some(Ok(name)) => Err(self.fail(at, format!("encoding `{name}`, only UTF-8 is read"))),
            Some(Err(fault)) => Err(self.fail(at, fault.to_string())),
        }
    }

    fn open(&mut self, at: usize, after: usize, start: &BytesStart<'_>) -> Result<(), DecodeError> {
        if self.root.is_some() {
            return Err(self.fail(at, "a second root element"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(self.past(at, MAX_DEPTH, "levels"));
        }
        if self.elements == MAX_ELEMENTS {
            return Err(self.past(at, MAX_ELEMENTS, "elements"));
        }
        self.elements += 1;
        for (index, attribute) in start.attributes().enumerate() {
            if index == MAX_ATTRIBUTES {
                return Err(self.past(at, MAX_ATTRIBUTES, "attributes"));
            }
            let attribute = attribute.map_err(|fault| self.fail(at, fault.to_string()))?;
            if attribute.value.contains('<') {
                return Err(self.fail(at, "`<` in an attribute"));
            }
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|fault| self.fail(at, fault.to_string()))?;
        }
        // The reader lends the name for as long as the event lives; the same octets are lent by the document itself.
        let qualified = start.name().as_ref().len();
        let name = self.text.get(at + 1..at + 1 + qualified).unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        if name.is_empty() {
            return Err(self.fail(at, "an element without a name"));
        }
        let element =
            Element { name, offset: at + self.marked, text: Cow::Borrowed(""), markup: "", children: Vec::new() };
        self.open.push((element, after));
        Ok(())
    }

    fn close(&mut self, at: usize) -> Result<(), DecodeError> {
        let (mut element, begin) = self.open.pop().ok_or_else(|| self.fail(at, "an end tag without its start tag"))?;
        element.markup = self.text.get(begin..at).unwrap_or_default();
        match self.open.last_mut() {
            Some((parent, _)) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, at: usize, piece: Cow<'a, str>) -> Result<(), DecodeError> {
        match self.open.last_mut() {
            // Most texts are of one piece, which the document lends.
            Some((element, _)) if element.text.is_empty() => element.text = piece,
            Some((element, _)) => element.text.to_mut().push_str(&piece),
            None if piece.chars().all(is_xml_space) => {}
            None => return Err(self.fail(at, "text outside the root element")),
        }
        Ok(())
    }

    fn resolve(&self, at: usize, reference: &BytesRef<'_>) -> Result<char, DecodeError> {
        let named = match &**reference {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().map_err(|fault| self.fail(at, fault.to_string()))?,
        };
        match named {
            Some(c) if is_xml_char(c) => Ok(c),
            Some(c) => Err(self.fail(at, format!("a reference to U+{:04X}, which XML forbids", u32::from(c)))),
            None => {
                let name: String = reference.chars().take(32).collect();
                Err(self.fail(at, format!("the entity `{name}`, which is not one of XML's five")))
            }
        }
    }
}

/// How far the document has come, which decides what declarations may follow.
enum Prolog {
    /// Nothing was read.
    Start,
    /// Something was read, but no element.
    Declared,
    /// The root element has begun.
    Over,
}

/// A position of the reader; it lies inside a slice, so it fits.
fn octets(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_keeps_its_name_place_text_and_markup() {
        let document = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE a PUBLIC \"-//X//Y\" \"http://x.example/\">\n\
                        <x:a xmlns:x='urn:x'> 1 &lt;<!-- no --> <![CDATA[<2>]]> &#x33;\r\n<b/><?pi?><c>d</c></x:a>\n";

        let root = parse(document.as_bytes()).unwrap();

        assert_eq!((root.name, root.offset), ("a", document.find("<x:a").unwrap()));
        assert_eq!(root.text, " 1 < <2> 3\n");
        assert!(root.markup.starts_with(" 1 &lt;") && root.markup.ends_with("<c>d</c>"));
        assert_eq!((root.children[0].name, root.children[0].markup), ("b", ""));
        assert_eq!((root.children[1].offset, root.children[1].markup), (document.find("<c>").unwrap(), "d"));
    }

    #[test]
    fn a_byte_order_mark_does_not_shift_the_places() {
        let document = "\u{FEFF}<?xml version=\"1.0\"?><a><b>1</b></a>";

        let root = parse(document.as_bytes()).unwrap();

        assert_eq!(root.offset, document.find("<a>").unwrap());
        assert_eq!(root.children[0].markup, "1");
        assert_eq!(parse("\u{FEFF}<a></b>".as_bytes()).unwrap_err().offset, 6);
    }

    #[test]
    fn what_is_not_well_formed_or_declares_something_is_refused() {
        let entity_bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>";
        let attributes: String = (0..17).map(|n| format!(" a{n}='1'")).collect();
        let cases = [
            ("", "no element"),
            ("   ", "no element"),
            ("text", "text outside"),
            ("<a>", "ends inside"),
            ("<a></b>", "expected"),
            ("</a>", "close"),
            ("<a/><b/>", "second root"),
            ("<a/>tail", "text outside"),
            ("<a/><![CDATA[x]]>", "CDATA outside"),
            ("<a/>&lt;", "reference outside"),
            ("<a/><?xml version=\"1.0\"?>", "after the start"),
            (" <?xml version=\"1.0\"?><a/>", "after the start"),
            ("<?xml version=\"1.1\"?><a/>", "only 1.0"),
            ("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", "only UTF-8"),
            ("<a>&nbsp;</a>", "five"),
            ("<a>&#0;</a>", "character reference"),
            ("<a>&#x1F;</a>", "U+001F"),
            ("<a>&#x110000;</a>", "character reference"),
            ("<a>& b</a>", "reference not closed"),
            ("\u{FEFF}\u{FEFF}<a/>", "second byte order mark"),
            ("<a>]]></a>", "]]>"),
            ("<a>\u{1}</a>", "U+0001"),
            ("<a b='1' b='2'/>", "duplicate"),
            ("<a b='<'/>", "attribute"),
            ("<a b='&c;'/>", "c"),
            ("<a><!-- -- --></a>", "--"),
            ("<></>", "without a name"),
            ("<a/><!DOCTYPE a>", "inside the document"),
            (entity_bomb, "declares entities"),
            (&format!("<a{attributes}/>"), "more than 16 attributes"),
        ];
        for (document, expected) in cases {
            let fault = parse(document.as_bytes()).expect_err(document);

            assert!(fault.reason.contains(expected), "{document:?}: {fault}");
            assert!(fault.offset <= document.len(), "{document:?}: {fault}");
        }
        assert_eq!(parse(b"<a>\xFF</a>").unwrap_err().offset, 3);
    }

    #[test]
    fn size_depth_and_count_are_bounded() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        let wide = |elements: usize| format!("<a>{}</a>", "<b/>".repeat(elements - 1));
        let long = |octets: usize| format!("<a>{}</a>", " ".repeat(octets - 7));

        assert!(parse(deep(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(deep(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(deep(80_000).as_bytes()).is_err());
        assert!(parse(wide(MAX_ELEMENTS).as_bytes()).is_ok());
        assert!(parse(wide(MAX_ELEMENTS + 1).as_bytes()).is_err());
        assert!(parse(long(MAX_OCTETS).as_bytes()).is_ok());
        assert!(parse(long(MAX_OCTETS + 1).as_bytes()).is_err());
    }
}
