//! From XML to a message.
//!
//! The order of elements is not checked, because servers in the field get it wrong; what is checked is that every element
//! stands where the DTD allows it, and no more often. Elements of the DTD that the model has no room for and that change
//! nothing the profile needs (`Cred` of a command, `NoResp`, `Lang`, `Item` of a Status, sizes in `Meta`) are passed
//! over; elements that the DTD does not know, and commands that the profile does not use, are refused rather than lost.
//! Text is trimmed of XML white space except in `Data`. `Data` that holds markup is taken as written. Bounds: those of
//! the XML reader, 256 KiB, 16 levels, 4,096 elements; the message takes no more than its document.

use std::str::FromStr;

use super::auth::from_base64;
use super::tree::{self, Element, is_xml_space};
use super::{Alert, Command, Credential, Exec, Group, Item, Items, Message, Meta, NextNonce, Results, Status, SyncHdr};
use crate::wire::DecodeError;

const REPRESENTATION: &str = "DM 1.2 Representation Protocol";
const SECURITY: &str = "DM 1.2 Security";

type Read<T> = Result<T, DecodeError>;

impl Message {
    /// Reads a SyncML DM 1.2 document.
    ///
    /// Accepts namespaces and prefixes as found, CDATA, and a bare document type declaration. `Meta` of a command goes
    /// to each of its items that lacks the field. A Results without `MsgRef` answers message 1.
    ///
    /// # Errors
    /// [`DecodeError`] when the octets are no XML within the bounds of this reader, or no SyncML DM 1.2 message. Its
    /// offset is the start of the element at fault (or, for XML that is not well-formed, where the reader stood) and its
    /// field the element's name.
    pub fn from_xml(octets: &[u8]) -> Result<Self, DecodeError> {
        let root = tree::parse(octets)?;
        if root.name != "SyncML" {
            let name: String = root.name.chars().take(32).collect();
            return Err(root.error(format!("the root element is `{name}`, not `SyncML`"), REPRESENTATION));
        }
        let parts = Parts::of(&root, &["SyncHdr", "SyncBody"], &[])?;
        let header = header(parts.need("SyncHdr")?)?;
        let body = parts.need("SyncBody")?;
        let is_final = Parts { parent: body }.one("Final")?.is_some();
        if is_final && body.children.last().is_some_and(|last| last.name != "Final") {
            return Err(body.error("a command after `Final`", REPRESENTATION));
        }
        no_text(body)?;
        let inside = body.children.iter().filter(|child| child.name != "Final");
        let body = inside.map(|child| command(child, &Meta::default(), Place::Body)).collect::<Read<_>>()?;
        Ok(Self { header, body, is_final })
    }
}

/// The elements inside an element, by name.
struct Parts<'e, 'a> {
    parent: &'e Element<'a>,
}

impl<'e, 'a> Parts<'e, 'a> {
    /// Checks that there is nothing but `known` elements, which are asked for, and `passed`, which are not.
    fn of(parent: &'e Element<'a>, known: &[&str], passed: &[&str]) -> Read<Self> {
        no_text(parent)?;
        match parent.children.iter().find(|child| !known.contains(&child.name) && !passed.contains(&child.name)) {
            Some(child) => Err(misplaced(child, parent)),
            None => Ok(Self { parent }),
        }
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &'e Element<'a>> {
        self.parent.children.iter().filter(move |child| child.name == name)
    }

    fn one(&self, name: &'static str) -> Read<Option<&'e Element<'a>>> {
        let mut all = self.all(name);
        let first = all.next();
        match all.next() {
            Some(second) => Err(second.error(format!("`{name}` occurs twice"), REPRESENTATION)),
            None => Ok(first),
        }
    }

    fn need(&self, name: &'static str) -> Read<&'e Element<'a>> {
        self.one(name)?.ok_or_else(|| self.parent.error(format!("no `{name}` inside"), REPRESENTATION))
    }

    fn text(&self, name: &'static str) -> Read<Option<String>> {
        self.one(name)?.map(leaf).transpose()
    }

    fn number<T: FromStr>(&self, name: &'static str) -> Read<T> {
        number(self.need(name)?)
    }
}

fn misplaced(child: &Element<'_>, parent: &Element<'_>) -> DecodeError {
    let name: String = child.name.chars().take(32).collect();
    let mut fault = parent.error(format!("`{name}` has no place inside"), REPRESENTATION);
    fault.offset = child.offset;
    fault
}

fn no_text(element: &Element<'_>) -> Read<()> {
    if element.text.chars().all(is_xml_space) {
        Ok(())
    } else {
        Err(element.error("text beside the elements", REPRESENTATION))
    }
}

fn leaf(element: &Element<'_>) -> Read<String> {
    match element.children.first() {
        Some(child) => Err(misplaced(child, element)),
        None => Ok(element.text.trim_matches(is_xml_space).to_owned()),
    }
}

/// `Data` of an item is text; a Device that writes its XML value as markup means that text.
fn data(element: &Element<'_>) -> String {
    if element.children.is_empty() { element.text.clone().into_owned() } else { element.markup.to_owned() }
}

fn number<T: FromStr>(element: &Element<'_>) -> Read<T> {
    let text = leaf(element)?;
    // `from_str` would take a sign; SyncML has none.
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        let shown: String = text.chars().take(32).collect();
        let bits = 8 * size_of::<T>();
        element.error(format!("`{shown}` is no unsigned number of {bits} bits"), REPRESENTATION)
    })
}

fn header(element: &Element<'_>) -> Read<SyncHdr> {
    const KNOWN: [&str; 8] = ["VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI", "Cred"];
    let parts = Parts::of(element, &KNOWN, &["NoResp", "Meta"])?;
    for (name, wanted) in [("VerDTD", "1.2"), ("VerProto", "DM/1.2")] {
        let version = parts.need(name)?;
        let found = leaf(version)?;
        if found != wanted {
            let shown: String = found.chars().take(32).collect();
            return Err(version.error(format!("`{shown}`, only {wanted} is read"), REPRESENTATION));
        }
    }
    let session = parts.need("SessionID")?;
    let session_id = leaf(session)?;
    if !(1..=4).contains(&session_id.chars().count()) {
        return Err(session.error("not 1 to 4 characters", REPRESENTATION));
    }
    let (target, _) = location(parts.need("Target")?)?;
    let (source, source_name) = location(parts.need("Source")?)?;
    Ok(SyncHdr {
        session_id,
        msg_id: parts.number("MsgID")?,
        target,
        source,
        source_name,
        resp_uri: parts.text("RespURI")?,
        cred: parts.one("Cred")?.map(credential).transpose()?,
    })
}

fn location(element: &Element<'_>) -> Read<(String, Option<String>)> {
    let parts = Parts::of(element, &["LocURI", "LocName"], &["Filter"])?;
    Ok((leaf(parts.need("LocURI")?)?, parts.text("LocName")?))
}

/// `Cred`; without `Format` its data is plain characters, the default of the MetInf DTD.
fn credential(element: &Element<'_>) -> Read<Credential> {
    let parts = Parts::of(element, &["Meta", "Data"], &[])?;
    let meta = Parts { parent: parts.need("Meta")? };
    Ok(Credential {
        scheme: leaf(meta.need("Type")?)?,
        format: meta.text("Format")?.unwrap_or_else(|| "chr".into()),
        data: data(parts.need("Data")?),
    })
}

fn challenge(element: &Element<'_>) -> Read<NextNonce> {
    let parts = Parts::of(element, &["Meta"], &[])?;
    let meta = Parts { parent: parts.need("Meta")? };
    if let Some(format) = meta.one("Format")?
        && leaf(format)? != "b64"
    {
        return Err(format.error("a challenge in a format other than `b64`", SECURITY));
    }
    let nonce = match meta.one("NextNonce")? {
        Some(nonce) => from_base64(&leaf(nonce)?).ok_or_else(|| nonce.error("not base64", SECURITY))?,
        None => Vec::new(),
    };
    Ok(NextNonce { scheme: leaf(meta.need("Type")?)?, nonce })
}

/// Where a command stands, which decides whether it may answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Group,
}

fn command(element: &Element<'_>, outer: &Meta, place: Place) -> Read<Command> {
    let items = |also: &[&str]| -> Read<Items> {
        let passed = [&["NoResp", "Cred"], also].concat();
        let parts = Parts::of(element, &["CmdID", "Meta", "Item"], &passed)?;
        Ok(Items { cmd_id: parts.number("CmdID")?, items: all_items(&parts, outer, 1)? })
    };
    Ok(match element.name {
        "Status" if place == Place::Body => Command::Status(status(element)?),
        "Results" if place == Place::Body => Command::Results(results(element)?),
        "Alert" => Command::Alert(alert(element, outer)?),
        "Exec" => Command::Exec(exec(element, outer)?),
        "Replace" => Command::Replace(items(&[])?),
        "Add" => Command::Add(items(&[])?),
        "Delete" => Command::Delete(items(&["Archive", "SftDel"])?),
        "Get" => Command::Get(items(&["Lang"])?),
        "Sequence" => Command::Sequence(group(element, outer)?),
        "Atomic" => Command::Atomic(group(element, outer)?),
        other => {
            let name: String = other.chars().take(32).collect();
            return Err(element.error(format!("`{name}` is no command here"), REPRESENTATION));
        }
    })
}

fn group(element: &Element<'_>, outer: &Meta) -> Read<Group> {
    const OWN: [&str; 4] = ["CmdID", "NoResp", "Meta", "Cred"];
    no_text(element)?;
    let parts = Parts { parent: element };
    let outer = meta(parts.one("Meta")?, outer)?;
    let cmd_id = parts.number("CmdID")?;
    let inside = element.children.iter().filter(|child| !OWN.contains(&child.name));
    let commands: Vec<_> = inside.map(|child| command(child, &outer, Place::Group)).collect::<Read<_>>()?;
    if commands.is_empty() {
        return Err(element.error("no command inside", REPRESENTATION));
    }
    Ok(Group { cmd_id, commands })
}

fn status(element: &Element<'_>) -> Read<Status> {
    const KNOWN: [&str; 8] = ["CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef", "SourceRef", "Chal", "Data"];
    let parts = Parts::of(element, &KNOWN, &["Cred", "Item"])?;
    Ok(Status {
        cmd_id: parts.number("CmdID")?,
        msg_ref: parts.number("MsgRef")?,
        cmd_ref: parts.number("CmdRef")?,
        cmd: leaf(parts.need("Cmd")?)?,
        target_refs: parts.all("TargetRef").map(leaf).collect::<Read<_>>()?,
        source_refs: parts.all("SourceRef").map(leaf).collect::<Read<_>>()?,
        chal: parts.one("Chal")?.map(challenge).transpose()?,
        code: parts.number("Data")?,
    })
}

fn results(element: &Element<'_>) -> Read<Results> {
    let parts = Parts::of(element, &["CmdID", "MsgRef", "CmdRef", "Meta", "Item"], &["TargetRef", "SourceRef"])?;
    Ok(Results {
        cmd_id: parts.number("CmdID")?,
        msg_ref: parts.one("MsgRef")?.map_or(Ok(1), number)?,
        cmd_ref: parts.number("CmdRef")?,
        items: all_items(&parts, &Meta::default(), 1)?,
    })
}

fn alert(element: &Element<'_>, outer: &Meta) -> Read<Alert> {
    let parts = Parts::of(element, &["CmdID", "Data", "Correlator", "Meta", "Item"], &["NoResp", "Cred"])?;
    Ok(Alert {
        cmd_id: parts.number("CmdID")?,
        code: parts.number("Data")?,
        correlator: parts.text("Correlator")?,
        items: all_items(&parts, outer, 0)?,
    })
}

fn exec(element: &Element<'_>, outer: &Meta) -> Read<Exec> {
    let parts = Parts::of(element, &["CmdID", "Correlator", "Meta", "Item"], &["NoResp", "Cred"])?;
    let outer = meta(parts.one("Meta")?, outer)?;
    Ok(Exec {
        cmd_id: parts.number("CmdID")?,
        correlator: parts.text("Correlator")?,
        item: item(parts.need("Item")?, &outer)?,
    })
}

fn all_items(parts: &Parts<'_, '_>, outer: &Meta, least: usize) -> Read<Vec<Item>> {
    let outer = meta(parts.one("Meta")?, outer)?;
    let items: Vec<_> = parts.all("Item").map(|each| item(each, &outer)).collect::<Read<_>>()?;
    if items.len() < least {
        return Err(parts.parent.error("no `Item` inside", REPRESENTATION));
    }
    Ok(items)
}

fn item(element: &Element<'_>, outer: &Meta) -> Read<Item> {
    // `MoreData` is not passed over: a piece of a large object must not be taken for the whole.
    let parts = Parts::of(element, &["Target", "Source", "Meta", "Data"], &["SourceParent", "TargetParent"])?;
    let uri = |name| parts.one(name)?.map(|place| Ok(location(place)?.0)).transpose();
    Ok(Item {
        target: uri("Target")?,
        source: uri("Source")?,
        meta: meta(parts.one("Meta")?, outer)?,
        data: parts.one("Data")?.map(data),
    })
}

/// `Meta`, each absent field taken from `outer`. Its content is open, so anything else inside is passed over.
fn meta(element: Option<&Element<'_>>, outer: &Meta) -> Read<Meta> {
    let Some(parent) = element else { return Ok(outer.clone()) };
    let parts = Parts { parent };
    Ok(Meta {
        media_type: parts.text("Type")?.or_else(|| outer.media_type.clone()),
        format: parts.text("Format")?.or_else(|| outer.format.clone()),
        mark: parts.text("Mark")?.or_else(|| outer.mark.clone()),
    })
}
