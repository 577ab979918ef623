//! The Command of a campaign fixture where it is not the usual one, and the header of its package.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use crate::provider::PACKAGE_URL;
use crate::wire::package::PackageHeader;
use crate::wire::syncml::{Command, Exec, Group, Item, Items, Meta};

/// The header of a package: for whom it is made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderFixture {
    manufacturer: Option<String>,
    model: Option<String>,
    environment: Option<String>,
    version: Option<String>,
    signature: Option<String>,
}

impl HeaderFixture {
    /// The header's octets.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn octets(&self) -> Result<Vec<u8>, String> {
        let signature = self.signature.as_ref().map(|text| BASE64.decode(text)).transpose();
        let header = PackageHeader {
            manufacturer: self.manufacturer.clone(),
            model: self.model.clone(),
            environment: self.environment.clone(),
            version: self.version.clone(),
            signature: signature.map_err(|error| format!("the signature is no base64: {error}"))?,
        };
        Ok(header.encode())
    }
}

/// One command: exactly one of the verbs, with what it needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CommandFixture {
    replace: Option<String>,
    add: Option<String>,
    delete: Option<String>,
    get: Option<String>,
    exec: Option<String>,
    sequence: Option<Vec<CommandFixture>>,
    atomic: Option<Vec<CommandFixture>>,
    /// The value, as text.
    to: Option<String>,
    /// A value that the campaign has.
    with: Option<String>,
    format: Option<String>,
    correlator: Option<String>,
}

/// What may stand after `with`.
const VALUES: [&str; 2] = ["package-url", "package-data"];

impl CommandFixture {
    /// The command; `package` is what `package-data` stands for.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn command(&self, package: &[u8]) -> Result<Command, String> {
        let group = |inner: &Vec<Self>| {
            let commands = inner.iter().map(|command| command.command(package)).collect::<Result<_, _>>()?;
            Ok::<_, String>(Group { cmd_id: 0, commands })
        };
        let items = |item| Items { cmd_id: 0, items: vec![item] };
        let verbs = [&self.replace, &self.add, &self.delete, &self.get, &self.exec].map(Option::is_some);
        let groups = [&self.sequence, &self.atomic].map(Option::is_some);
        if verbs.into_iter().chain(groups).filter(|is_there| *is_there).count() != 1 {
            return Err("a command has exactly one of replace, add, delete, get, exec, sequence and atomic".into());
        }
        let takes_value = self.replace.is_some() || self.add.is_some();
        if takes_value != (self.to.is_some() || self.with.is_some()) || (self.to.is_some() && self.with.is_some()) {
            return Err("replace and add have a value, with either `to` or `with`, and no other command has one".into());
        }
        if self.correlator.is_some() && self.exec.is_none() {
            return Err("only exec has a correlator".into());
        }
        Ok(if let Some(node) = &self.replace {
            Command::Replace(items(self.set(node, package)?))
        } else if let Some(node) = &self.add {
            Command::Add(items(self.set(node, package)?))
        } else if let Some(node) = &self.delete {
            Command::Delete(items(Item::for_target(node)))
        } else if let Some(node) = &self.get {
            Command::Get(items(Item::for_target(node)))
        } else if let Some(node) = &self.exec {
            Command::Exec(Exec { cmd_id: 0, correlator: self.correlator.clone(), item: Item::for_target(node) })
        } else if let Some(inner) = &self.sequence {
            Command::Sequence(group(inner)?)
        } else {
            Command::Atomic(group(self.atomic.as_ref().unwrap_or(&Vec::new()))?)
        })
    }

    fn set(&self, node: &str, package: &[u8]) -> Result<Item, String> {
        let (usual, data) = match (self.to.as_deref(), self.with.as_deref()) {
            (Some(text), _) => ("chr", text.to_owned()),
            (None, Some("package-url")) => ("chr", PACKAGE_URL.to_owned()),
            (None, Some("package-data")) => ("bin", BASE64.encode(package)),
            (None, other) => return Err(unknown_value(other.unwrap_or_default())),
        };
        let format = self.format.clone().unwrap_or_else(|| usual.to_owned());
        let meta = Meta { format: Some(format), ..Meta::default() };
        Ok(Item { meta, data: Some(data), ..Item::for_target(node) })
    }
}

fn unknown_value(value: &str) -> String {
    let likeness = |known: &&str| strsim::jaro_winkler(value, known);
    let nearest = VALUES.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let nearest = nearest.filter(|known| likeness(known) > 0.7);
    let hint = nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("`with: {value}` is no value of a campaign{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Result<Command, String> {
        let fixture: CommandFixture = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        fixture.command(b"image")
    }

    #[test]
    fn a_command_is_read_with_all_that_is_in_it() {
        let text = "{atomic: [{replace: ./FUMO/Update/PkgData, with: package-data}, {exec: ./FUMO/Update}]}";
        let Ok(Command::Atomic(group)) = command(text) else { panic!("{text}") };

        let [Command::Replace(replace), Command::Exec(exec)] = group.commands.as_slice() else { panic!("{group:?}") };
        assert_eq!(replace.items[0].data.as_deref(), Some("aW1hZ2U="));
        assert_eq!(replace.items[0].meta.format.as_deref(), Some("bin"));
        assert_eq!(exec.item.target.as_deref(), Some("./FUMO/Update"));
    }

    #[test]
    fn what_is_no_command_is_told_in_words() {
        let table = [
            ("{exec: ./A, delete: ./A}", "exactly one of"),
            ("{to: x}", "exactly one of"),
            ("{replace: ./A}", "have a value"),
            ("{delete: ./A, to: x}", "no other command has one"),
            ("{replace: ./A, to: x, with: package-url}", "either `to` or `with`"),
            ("{replace: ./A, to: x, correlator: y}", "only exec has a correlator"),
            ("{replace: ./A, with: package-ulr}", "did you mean `package-url`?"),
            ("{repalce: ./A, to: x}", "unknown field `repalce`, expected one of `replace`"),
        ];
        for (text, words) in table {
            let fault = command(text).unwrap_err();
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }
}
