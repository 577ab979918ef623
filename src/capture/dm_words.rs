//! DM messages in words.

use super::redaction::{Redaction, shortened};
use crate::wire::syncml::alert as alert_code;
use crate::wire::syncml::{Alert, Command, Credential, Exec, Item, Message, NextNonce, Status};

/// Characters of a value or a URI that are shown at most.
const VALUE: usize = 60;

/// A whole message: what it is, its statuses, then its commands.
pub(super) fn message(message: &Message, redaction: Redaction) -> String {
    let header = &message.header;
    let mut parts = parts(message, redaction);
    parts.extend(header.cred.as_ref().map(|cred| credential(cred, redaction)));
    if !message.is_final {
        parts.push("not final".into());
    }
    let session = shortened(&header.session_id, VALUE);
    if parts.is_empty() {
        return format!("DM #{} session {session}: nothing", header.msg_id);
    }
    format!("DM #{} session {session}: {}", header.msg_id, parts.join(" · "))
}

/// What is in a message, one text for each command; statuses of one code are together.
pub(super) fn parts(message: &Message, redaction: Redaction) -> Vec<String> {
    let mut parts = statuses(&message.body, redaction);
    parts.extend(message.body.iter().filter_map(|part| command(part, redaction)));
    parts
}

/// The last word of a scheme such as `syncml:auth-md5`.
fn scheme(name: &str) -> String {
    shortened(name.strip_prefix("syncml:auth-").unwrap_or(name), VALUE)
}

fn credential(cred: &Credential, redaction: Redaction) -> String {
    let name = scheme(&cred.scheme);
    // Basic holds the password in the clear; a transcript goes into reports.
    match name.as_str() {
        "basic" => format!("Cred basic {}", Redaction(true).field("credential", "")),
        _ => format!("Cred {name} {}", redaction.field("credential", shortened(&cred.data, VALUE))),
    }
}

fn challenge(chal: Option<&NextNonce>, redaction: Redaction) -> String {
    let Some(chal) = chal else { return String::new() };
    let nonce: String = chal.nonce.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    format!(", Chal {} {}", scheme(&chal.scheme), redaction.field("nonce", nonce))
}

/// The statuses: that of the header by itself, the others together by code; what failed is named.
fn statuses(body: &[Command], redaction: Redaction) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut groups: Vec<(u16, Vec<(String, usize)>)> = Vec::new();
    for part in body {
        let Command::Status(status) = part else { continue };
        if status.cmd_ref == 0 || status.cmd == "SyncHdr" {
            parts.push(format!("Status {} header{}", status.code, challenge(status.chal.as_ref(), redaction)));
            continue;
        }
        let answered = answered(status, redaction);
        let known = groups.iter().position(|(code, _)| *code == status.code).unwrap_or(groups.len());
        if known == groups.len() {
            groups.push((status.code, Vec::new()));
        }
        let names = &mut groups[known].1;
        match names.iter_mut().find(|(name, _)| *name == answered) {
            Some((_, count)) => *count += 1,
            None => names.push((answered, 1)),
        }
    }
    parts.extend(groups.into_iter().map(|(code, names)| {
        let counted = |(name, count): (String, usize)| if count > 1 { format!("{name} ×{count}") } else { name };
        format!("Status {code} {}", names.into_iter().map(counted).collect::<Vec<_>>().join(", "))
    }));
    parts
}

fn answered(status: &Status, redaction: Redaction) -> String {
    let name = shortened(&status.cmd, VALUE);
    let nodes: Vec<String> = match (200..300).contains(&status.code) {
        true => Vec::new(),
        false => status.target_refs.iter().map(|node| format!(" {}", shortened(node, VALUE))).collect(),
    };
    format!("{name}{}{}", nodes.concat(), challenge(status.chal.as_ref(), redaction))
}

/// A command other than a status.
fn command(part: &Command, redaction: Redaction) -> Option<String> {
    let list = |items: &[Item]| items.iter().map(|item| item_words(item, redaction)).collect::<Vec<_>>().join(", ");
    Some(match part {
        Command::Status(_) => return None,
        Command::Alert(said) => alert(said, redaction),
        Command::Replace(items) => match dev_id(&items.items) {
            Some(dev_id) => format!("DevInfo {}", shortened(dev_id, VALUE)),
            None => format!("Replace {}", list(&items.items)),
        },
        Command::Add(items) => format!("Add {}", list(&items.items)),
        Command::Delete(items) => format!("Delete {}", list(&items.items)),
        Command::Get(items) => format!("Get {}", list(&items.items)),
        Command::Results(results) => format!("Results {}", list(&results.items)),
        Command::Exec(exec) => execute(exec, redaction),
        Command::Sequence(group) => format!("Sequence ({})", inside(&group.commands, redaction)),
        Command::Atomic(group) => format!("Atomic ({})", inside(&group.commands, redaction)),
    })
}

fn inside(commands: &[Command], redaction: Redaction) -> String {
    let mut parts = statuses(commands, redaction);
    parts.extend(commands.iter().filter_map(|part| command(part, redaction)));
    parts.join(" · ")
}

fn execute(exec: &Exec, redaction: Redaction) -> String {
    format!("Exec {}{}", item_words(&exec.item, redaction), correlator(exec.correlator.as_deref()))
}

fn correlator(correlator: Option<&str>) -> String {
    correlator.map(|text| format!(" correlator {}", shortened(text, VALUE))).unwrap_or_default()
}

/// The DevId, when the items are all of `./DevInfo`.
fn dev_id(items: &[Item]) -> Option<&str> {
    let node = |item: &Item| -> Option<String> { item.source.clone().or_else(|| item.target.clone()) };
    let all = items.iter().all(|item| node(item).is_some_and(|node| node.starts_with("./DevInfo/")));
    let id = items.iter().find(|item| node(item).as_deref() == Some("./DevInfo/DevId"))?;
    all.then_some(id.data.as_deref()?)
}

fn alert(said: &Alert, redaction: Redaction) -> String {
    let items: Vec<String> = match said.code {
        alert_code::GENERIC => said.items.iter().map(generic).collect(),
        _ => said.items.iter().map(|item| item_words(item, redaction)).collect(),
    };
    let items = if items.is_empty() { String::new() } else { format!(" {}", items.join(", ")) };
    format!("Alert {}{items}{}", said.code, correlator(said.correlator.as_deref()))
}

/// An item of a Generic Alert: the operation or the node, the result, the importance.
fn generic(item: &Item) -> String {
    let operation = item.meta.media_type.as_deref().map(operation);
    let node = item.source.as_deref().map(|node| shortened(node, VALUE));
    let subject = match (operation, node) {
        // The source of the first item is the object or the operation's node; its type says more.
        (Some(operation), Some(node)) if node.starts_with("./Settings/") => format!("{operation} {node}"),
        (Some(operation), _) => operation,
        (None, node) => node.unwrap_or_default(),
    };
    let data = item.data.as_deref().map(|data| format!(" {}", result(data))).unwrap_or_default();
    let mark = item.meta.mark.as_deref().map(|mark| format!(" ({})", shortened(mark, VALUE))).unwrap_or_default();
    format!("{subject}{data}{mark}")
}

/// The telling word of an alert type: the last of its parts that is no version number.
fn operation(media_type: &str) -> String {
    let separator = if media_type.starts_with("urn:") { ':' } else { '.' };
    let is_number = |part: &&str| part.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    shortened(media_type.rsplit(separator).find(|part| !is_number(part)).unwrap_or(media_type), VALUE)
}

/// A result without its markup: SCOMO wraps code and component in XML.
fn result(data: &str) -> String {
    let mut words = String::new();
    for part in data.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text).trim();
        if !text.is_empty() {
            words.push_str(if words.is_empty() { "" } else { " " });
            words.push_str(text);
        }
    }
    shortened(&words, VALUE)
}

fn item_words(item: &Item, redaction: Redaction) -> String {
    let node = item.target.as_deref().or(item.source.as_deref()).map(|node| shortened(node, VALUE));
    let value = item.data.as_deref().map(|data| shortened(&redaction.ports_of(data), VALUE));
    match (node, value) {
        (Some(node), Some(value)) => format!("{node} = {value}"),
        (Some(node), None) => node,
        (None, Some(value)) => format!("\"{value}\""),
        (None, None) => "nothing".into(),
    }
}
