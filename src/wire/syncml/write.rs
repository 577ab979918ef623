//! From a message to XML.
//!
//! The order of elements is that of the DTD, except inside `Meta`, where it is Type, Format, Mark: what Devices in the
//! field send. White space between elements is left out.

use std::borrow::Cow;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;

use super::tree::is_xml_char;
use super::{Alert, Command, Credential, Exec, Group, Item, Items, Message, Meta, NextNonce, Results, Status, SyncHdr};

/// The namespace of SyncML 1.2.
const SYNCML: &str = "SYNCML:SYNCML1.2";
/// The namespace of the elements inside `Meta`.
const METINF: &str = "syncml:metinf";

type Xml = Writer<Vec<u8>>;

impl Message {
    /// The message as an XML document in UTF-8.
    ///
    /// Text is escaped. Characters that XML 1.0 forbids even as references (most control characters, U+FFFE, U+FFFF) are
    /// dropped, so the document is well-formed whatever the message says. [`Message::from_xml`] gives the message back,
    /// with three exceptions that it cannot see: it trims text outside `Data`, and it refuses a document beyond its
    /// bounds and a command without the items that the DTD asks for.
    pub fn to_xml(&self) -> String {
        let mut xml = Writer::new(Vec::new());
        self.write(&mut xml).expect("a vector takes every octet");
        String::from_utf8(xml.into_inner()).expect("only text was written")
    }

    fn write(&self, xml: &mut Xml) -> io::Result<()> {
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        xml.create_element("SyncML").with_attribute(("xmlns", SYNCML)).write_inner_content(|xml| {
            header(xml, &self.header)?;
            parent(xml, "SyncBody", |xml| {
                commands(xml, &self.body)?;
                if self.is_final {
                    xml.create_element("Final").write_empty()?;
                }
                Ok(())
            })
        })?;
        Ok(())
    }
}

fn header(xml: &mut Xml, header: &SyncHdr) -> io::Result<()> {
    parent(xml, "SyncHdr", |xml| {
        leaf(xml, "VerDTD", "1.2")?;
        leaf(xml, "VerProto", "DM/1.2")?;
        leaf(xml, "SessionID", &header.session_id)?;
        number(xml, "MsgID", header.msg_id)?;
        location(xml, "Target", &header.target, None)?;
        location(xml, "Source", &header.source, header.source_name.as_deref())?;
        optional(xml, "RespURI", header.resp_uri.as_deref())?;
        if let Some(cred) = &header.cred {
            credential(xml, cred)?;
        }
        Ok(())
    })
}

fn credential(xml: &mut Xml, cred: &Credential) -> io::Result<()> {
    parent(xml, "Cred", |xml| {
        parent(xml, "Meta", |xml| {
            metinf(xml, "Type", Some(&cred.scheme))?;
            metinf(xml, "Format", Some(&cred.format))
        })?;
        leaf(xml, "Data", &cred.data)
    })
}

fn challenge(xml: &mut Xml, chal: &NextNonce) -> io::Result<()> {
    parent(xml, "Chal", |xml| {
        parent(xml, "Meta", |xml| {
            metinf(xml, "Type", Some(&chal.scheme))?;
            metinf(xml, "Format", Some("b64"))?;
            // A challenge for syncml:auth-basic has no nonce.
            let nonce = (!chal.nonce.is_empty()).then(|| STANDARD.encode(&chal.nonce));
            metinf(xml, "NextNonce", nonce.as_deref())
        })
    })
}

fn commands(xml: &mut Xml, commands: &[Command]) -> io::Result<()> {
    commands.iter().try_for_each(|command| {
        parent(xml, command.name(), |xml| {
            number(xml, "CmdID", command.cmd_id())?;
            match command {
                Command::Status(status) => status_body(xml, status),
                Command::Alert(alert) => alert_body(xml, alert),
                Command::Replace(Items { items, .. })
                | Command::Add(Items { items, .. })
                | Command::Delete(Items { items, .. })
                | Command::Get(Items { items, .. }) => all_items(xml, items),
                Command::Results(results) => results_body(xml, results),
                Command::Exec(exec) => exec_body(xml, exec),
                Command::Sequence(Group { commands: inner, .. }) | Command::Atomic(Group { commands: inner, .. }) => {
                    self::commands(xml, inner)
                }
            }
        })
    })
}

fn status_body(xml: &mut Xml, status: &Status) -> io::Result<()> {
    number(xml, "MsgRef", status.msg_ref)?;
    number(xml, "CmdRef", status.cmd_ref)?;
    leaf(xml, "Cmd", &status.cmd)?;
    status.target_refs.iter().try_for_each(|node| leaf(xml, "TargetRef", node))?;
    status.source_refs.iter().try_for_each(|node| leaf(xml, "SourceRef", node))?;
    if let Some(chal) = &status.chal {
        challenge(xml, chal)?;
    }
    number(xml, "Data", status.code.into())
}

fn alert_body(xml: &mut Xml, alert: &Alert) -> io::Result<()> {
    number(xml, "Data", alert.code)?;
    optional(xml, "Correlator", alert.correlator.as_deref())?;
    all_items(xml, &alert.items)
}

fn results_body(xml: &mut Xml, results: &Results) -> io::Result<()> {
    number(xml, "MsgRef", results.msg_ref)?;
    number(xml, "CmdRef", results.cmd_ref)?;
    all_items(xml, &results.items)
}

fn exec_body(xml: &mut Xml, exec: &Exec) -> io::Result<()> {
    optional(xml, "Correlator", exec.correlator.as_deref())?;
    item(xml, &exec.item)
}

fn all_items(xml: &mut Xml, items: &[Item]) -> io::Result<()> {
    items.iter().try_for_each(|each| item(xml, each))
}

fn item(xml: &mut Xml, item: &Item) -> io::Result<()> {
    parent(xml, "Item", |xml| {
        if let Some(target) = &item.target {
            location(xml, "Target", target, None)?;
        }
        if let Some(source) = &item.source {
            location(xml, "Source", source, None)?;
        }
        if item.meta != Meta::default() {
            parent(xml, "Meta", |xml| {
                metinf(xml, "Type", item.meta.media_type.as_deref())?;
                metinf(xml, "Format", item.meta.format.as_deref())?;
                metinf(xml, "Mark", item.meta.mark.as_deref())
            })?;
        }
        optional(xml, "Data", item.data.as_deref())
    })
}

fn location(xml: &mut Xml, name: &str, uri: &str, loc_name: Option<&str>) -> io::Result<()> {
    parent(xml, name, |xml| {
        leaf(xml, "LocURI", uri)?;
        optional(xml, "LocName", loc_name)
    })
}

fn parent(xml: &mut Xml, name: &str, inside: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    xml.create_element(name).write_inner_content(inside).map(drop)
}

fn number(xml: &mut Xml, name: &str, value: u32) -> io::Result<()> {
    leaf(xml, name, &value.to_string())
}

fn optional(xml: &mut Xml, name: &str, text: Option<&str>) -> io::Result<()> {
    text.map_or(Ok(()), |text| leaf(xml, name, text))
}

fn leaf(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&allowed(text))).map(drop)
}

fn metinf(xml: &mut Xml, name: &str, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return Ok(()) };
    let element = xml.create_element(name).with_attribute(("xmlns", METINF));
    element.write_text_content(BytesText::new(&allowed(text))).map(drop)
}

/// The text without the characters that no XML document can hold.
fn allowed(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_xml_char) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().filter(|c| is_xml_char(*c)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_elements_in_the_order_of_the_dtd() {
        let status = Status {
            cmd_id: 1,
            msg_ref: 2,
            cmd_ref: 0,
            cmd: "SyncHdr".into(),
            target_refs: vec!["urn:t".into()],
            source_refs: vec!["urn:s".into()],
            chal: Some(NextNonce { scheme: "syncml:auth-md5".into(), nonce: b"Nonce".to_vec() }),
            code: 401,
        };
        let mut xml = Writer::new(Vec::new());

        commands(&mut xml, &[Command::Status(status)]).unwrap();

        assert_eq!(
            String::from_utf8(xml.into_inner()).unwrap(),
            "<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>urn:t</TargetRef>\
             <SourceRef>urn:s</SourceRef><Chal><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type>\
             <Format xmlns=\"syncml:metinf\">b64</Format><NextNonce xmlns=\"syncml:metinf\">Tm9uY2U=</NextNonce></Meta>\
             </Chal><Data>401</Data></Status>"
        );
    }

    #[test]
    fn a_report_has_its_meta_in_the_order_that_devices_send() {
        let meta =
            Meta { media_type: Some("text/plain".into()), format: Some("chr".into()), mark: Some("critical".into()) };
        let alert = Alert {
            cmd_id: 3,
            code: 1226,
            correlator: Some("c".into()),
            items: vec![Item { source: Some("./A".into()), meta, data: Some("<&>\r".into()), ..Item::default() }],
        };
        let mut xml = Writer::new(Vec::new());

        commands(&mut xml, &[Command::Alert(alert)]).unwrap();

        assert_eq!(
            String::from_utf8(xml.into_inner()).unwrap(),
            "<Alert><CmdID>3</CmdID><Data>1226</Data><Correlator>c</Correlator><Item><Source><LocURI>./A</LocURI></Source>\
             <Meta><Type xmlns=\"syncml:metinf\">text/plain</Type><Format xmlns=\"syncml:metinf\">chr</Format>\
             <Mark xmlns=\"syncml:metinf\">critical</Mark></Meta><Data>&lt;&amp;&gt;&#13;</Data></Item></Alert>"
        );
    }

    #[test]
    fn characters_that_xml_forbids_are_dropped() {
        assert_eq!(allowed("a\u{0}b\u{1F}\u{FFFE}c\t"), "abc\t");
    }
}
