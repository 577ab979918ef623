//! The profile of a subject, `profile.yaml`: what a vendor says of an implementation before it is put under test.
//!
//! Everything in it is read strictly: a field or capability that is misspelt would otherwise be a capability that is
//! never tested. What is mandatory for a role is implied; a profile may repeat it, and then has to repeat all of it.

mod launch;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_yaml::Value;

use super::strict::{Strict, StrictError, Wrong, words};
use crate::spec::{Capabilities, Capability, Mandatory, Role};

pub use launch::{Launch, Origin};

/// The fields of the file.
const FIELDS: [&str; 9] =
    ["role", "name", "command", "capabilities", "mandatory", "interface", "sockets", "time-scale", "expected-failures"];
/// Where the sockets of a subject may be.
const PLACES: [&str; 2] = ["here", "elsewhere"];
/// The roles that a subject may have.
const ROLES: [&str; 2] = ["device", "provider"];
/// How many times slower than the reference a subject may be.
const TIME_SCALES: std::ops::RangeInclusive<f64> = 1.0..=100.0;
/// Characters that a name may have.
const LONGEST_NAME: usize = 100;

/// What a vendor says of a subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The role that is put under test.
    pub role: Role,
    /// The implementation's name, for findings.
    pub name: String,
    /// How its adapter is started; none when the command line says it.
    pub launch: Option<Launch>,
    /// What it can do beyond what every implementation of the role must.
    pub capabilities: Capabilities,
    /// The interface on which it is reached.
    pub interface: IpAddr,
    /// Where its sockets are; none where that is for castproof to find out.
    pub sockets: Option<Sockets>,
    /// How many times longer than usual the spans of scenarios and waits are.
    pub time_scale: f64,
    /// Its expected failures, if it has a list of them; the path is resolved.
    pub expected_failures: Option<PathBuf>,
}

/// Where the sockets of a subject are: whether this host's kernel can tell of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sockets {
    /// On this host.
    Here,
    /// On another host, or in another network namespace of this one.
    Elsewhere,
}

/// The file as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    /// The role that is put under test.
    #[schemars(schema_with = "roles")]
    role: String,
    /// The implementation's name, for findings.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// The adapter and its arguments, started in the folder of this file. May be left out where the command line names one.
    #[serde(default)]
    command: Vec<String>,
    /// What the implementation can do beyond what every one of its role must.
    #[serde(default)]
    #[schemars(schema_with = "capabilities")]
    capabilities: Vec<String>,
    /// What every implementation of the role must do, for a reader; implied, so it may be left out, but not in part.
    #[serde(default)]
    #[schemars(schema_with = "mandatory")]
    mandatory: Option<Vec<String>>,
    /// The interface on which the implementation is reached, by its address; 127.0.0.1 where it is left out.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    interface: Option<IpAddr>,
    /// Where the implementation's sockets are: on the host of castproof, or elsewhere, so that its kernel tells nothing of them.
    /// Where it is left out, they are where the adapter is: elsewhere if it connects from another host's address.
    #[serde(default)]
    #[schemars(schema_with = "places")]
    sockets: Option<String>,
    /// How many times longer than usual the spans of scenarios and waits are; 1 where it is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    time_scale: Option<f64>,
    /// The list of expected failures, relative to the folder of this file.
    #[serde(default)]
    expected_failures: Option<PathBuf>,
}

fn roles(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ROLES })
}

fn places(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "enum": [PLACES[0], PLACES[1], null] })
}

fn capabilities(_: &mut SchemaGenerator) -> Schema {
    let names = Capability::ALL.map(Capability::name);
    json_schema!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "enum": names } })
}

fn mandatory(_: &mut SchemaGenerator) -> Schema {
    let all = |role| Mandatory::of(role).iter().map(|item| item.name);
    let names: std::collections::BTreeSet<&str> = all(Role::Device).chain(all(Role::Provider)).collect();
    json_schema!({ "type": ["array", "null"], "uniqueItems": true, "items": { "type": "string", "enum": names } })
}

/// The JSON Schema of `profile.yaml`, as `reports/profile.schema.json` holds it.
pub fn profile_schema() -> serde_json::Value {
    schemars::schema_for!(Written).to_value()
}

impl Profile {
    /// Reads a profile. Neither the adapter nor the interface is looked for; [`Launch::check`] and
    /// [`Profile::check_interface`] do that, because the command line may name others.
    ///
    /// # Errors
    /// [`StrictError`] names the file, the line where that can be told, and the nearest known name.
    pub fn read(path: &Path) -> Result<Self, StrictError> {
        let file = Strict::read(path)?;
        match file.value()? {
            Value::Mapping(mapping) => file.check_fields(&mapping, &FIELDS, 0)?,
            _ => return Err(file.wrong(Wrong::Form("a profile is a mapping of fields, such as `role: device`".into()))),
        }
        let written: Written = file.typed()?;
        let form = |field: &str, reason: String| file.wrong_at(field, 0, Wrong::Form(reason));
        let role = match written.role.as_str() {
            "device" => Role::Device,
            "provider" => Role::Provider,
            other => return Err(file.wrong_at("role", 0, Wrong::name("role", other, &ROLES))),
        };
        let sockets = match written.sockets.as_deref() {
            None => None,
            Some("here") => Some(Sockets::Here),
            Some("elsewhere") => Some(Sockets::Elsewhere),
            Some(other) => return Err(file.wrong_at("sockets", 0, Wrong::name("place of sockets", other, &PLACES))),
        };
        let is_name = |name: &str| {
            !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control)
        };
        if !is_name(&written.name) {
            return Err(form("name", format!("`name` is 1 to {LONGEST_NAME} printable characters")));
        }
        let claimed = written.capabilities.iter().map(|name| capability(&file, role, name));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let profile = Self {
            role,
            name: written.name,
            launch: Launch::of(&written.command, folder),
            capabilities: claimed.collect::<Result<_, _>>()?,
            interface: written.interface.unwrap_or(Ipv4Addr::LOCALHOST.into()),
            sockets,
            time_scale: written.time_scale.unwrap_or(1.0),
            expected_failures: written.expected_failures.map(|path| folder.join(path)),
        };
        if let Some(twice) = twice(&written.capabilities) {
            return Err(form(twice, format!("`{twice}` stands twice in `capabilities`")));
        }
        if let Some(claimed) = written.mandatory {
            check_mandatory(&file, role, &claimed)?;
        }
        if !TIME_SCALES.contains(&profile.time_scale) {
            return Err(form("time-scale", format!("`time-scale` {} is not from 1 to 100", profile.time_scale)));
        }
        Ok(profile)
    }

    /// Holds the role that an adapter claims against the profile's.
    ///
    /// # Errors
    /// [`Wrong::NotItsRole`].
    pub fn check_role(&self, path: &Path, claimed: &str) -> Result<(), StrictError> {
        let is_it = matches!((self.role, claimed), (Role::Device, "device") | (Role::Provider, "provider"));
        let wrong = || Wrong::NotItsRole { wanted: words(self.role), claimed: claimed.chars().take(64).collect() };
        if is_it { Ok(()) } else { Err(StrictError::Wrong { path: path.to_owned(), line: None, wrong: wrong() }) }
    }

    /// Looks for the interface on this host.
    ///
    /// # Errors
    /// [`Wrong::NoInterface`].
    pub fn check_interface(&self, path: &Path) -> Result<(), StrictError> {
        let wrong =
            || StrictError::Wrong { path: path.to_owned(), line: None, wrong: Wrong::NoInterface(self.interface) };
        UdpSocket::bind((self.interface, 0)).map(drop).map_err(|_| wrong())
    }
}

/// A capability of a role by its name.
fn capability(file: &Strict<'_>, role: Role, name: &str) -> Result<Capability, StrictError> {
    let of_role = |one: &&Capability| one.roles().contains(&role);
    let is_implied = Mandatory::of(role).iter().any(|item| item.name == name);
    if is_implied {
        let words = format!("`{name}` is mandatory for a {}, and no capability: leave it out", words(role));
        return Err(file.wrong_at(name, 0, Wrong::Form(words)));
    }
    match name.parse::<Capability>() {
        Ok(one) if of_role(&&one) => Ok(one),
        Ok(_) => Err(file.wrong_at(name, 0, Wrong::OtherRole { name: name.to_owned(), role: words(role) })),
        Err(_) => {
            let known: Vec<&str> = Capability::ALL.iter().filter(of_role).map(|one| one.name()).collect();
            Err(file.wrong_at(name, 0, Wrong::name("capability", name, &known)))
        }
    }
}

/// Refuses a statement of what is mandatory that is not the whole of it.
fn check_mandatory(file: &Strict<'_>, role: Role, claimed: &[String]) -> Result<(), StrictError> {
    let known: Vec<&'static str> = Mandatory::of(role).iter().map(|item| item.name).collect();
    if let Some(name) = claimed.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(file.wrong_at(name, 0, Wrong::name("mandatory part of the role", name, &known)));
    }
    let missing: Vec<&str> = known.into_iter().filter(|name| !claimed.iter().any(|one| one == name)).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(file.wrong_at("mandatory", 0, Wrong::ClaimsTooLittle { role: words(role), missing })),
    }
}

fn twice(names: &[String]) -> Option<&str> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests;
