//! Greeting an adapter: what is agreed before anything else, and why it could not be.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::conversation::{AskError, Conversation};
use super::words_of;
use crate::adapter::{Greeting, Outcome, PROTOCOL};
use crate::spec::{Capability, Role, one_line};

/// Why an adapter cannot be put under test.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system did not start it.
    #[error("start the adapter `{program}`")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nobody connected, in words.
    #[error("{0}")]
    NoCaller(String),
    /// It does not answer `hello`, and why.
    #[error("the adapter does not answer `hello`: {0}")]
    NoAnswer(String),
    /// It does not have the role.
    #[error("the adapter does not have the role {wanted}: {said}")]
    NotItsRole {
        /// The role that it was asked for.
        wanted: &'static str,
        /// What it said.
        said: String,
    },
    /// It speaks no protocol of those that were offered.
    #[error("the adapter wants protocol {said}; this castproof speaks protocol {PROTOCOL}")]
    Protocol {
        /// What it answered.
        said: String,
    },
    /// It declares a capability that does not exist, or that its role does not have.
    #[error("the adapter declares a capability that does not exist: {0}")]
    Capability(String),
    /// Its answer is not one to `hello`.
    #[error("the adapter's answer to `hello` is none: {0}")]
    Unfit(String),
}

impl StartError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Spawn { .. } => {
                "a script needs a first line such as `#!/bin/sh`, and the right to be executed".into()
            }
            Self::NoCaller(_) => {
                "the adapter opens a TCP connection to this address, and its first line is {\"token\": \"...\"} with the token \
                 that was printed; `castproof reference device --connect ADDRESS --token TOKEN` shows one"
                    .into()
            }
            Self::NoAnswer(_) => {
                "an adapter reads JSON Lines from its standard input and answers each on its standard output, at once; \
                 docs/adapter.md shows a first conversation"
                    .into()
            }
            Self::NotItsRole { .. } => "`role` of the profile says which role is put under test".into(),
            Self::Protocol { .. } => format!(
                "answer `hello` with `\"protocol\": {PROTOCOL}`, or with `unsupported` when it is not among those offered"
            ),
            Self::Capability(_) => {
                let names = Capability::ALL.map(Capability::name);
                format!("there are {}", names.join(", "))
            }
            Self::Unfit(_) => "docs/adapter/ holds the schema of every answer".into(),
        }
    }
}

/// The role as `hello` has it.
fn name(role: Role) -> &'static str {
    match role {
        Role::Device => "device",
        Role::Provider => "provider",
        Role::System => "system",
    }
}

/// Greets an adapter.
pub(super) async fn greet(conversation: &Conversation, role: Role, within: Duration) -> Result<Greeting, StartError> {
    let suite = json!({ "name": "castproof", "version": env!("CARGO_PKG_VERSION") });
    let hello = json!({ "verb": "hello", "protocols": [PROTOCOL], "role": name(role), "suite": suite });
    let not_its_role = |said: String| StartError::NotItsRole { wanted: name(role), said };
    match conversation.ask_oddly(hello, within).await {
        Ok(Outcome::Ok(said)) => agree(said, role),
        Ok(Outcome::Unsupported(why)) if why.contains("protocol") => Err(StartError::Protocol { said: one_line(&why) }),
        Ok(Outcome::Unsupported(why)) => Err(not_its_role(one_line(&why))),
        Ok(Outcome::Error(error)) => Err(StartError::NoAnswer(one_line(&error.reason))),
        Err(error @ (AskError::Unfit(_) | AskError::Ended(_) | AskError::Late { .. })) => {
            Err(StartError::NoAnswer(words_of(&error)))
        }
        Err(error) => Err(StartError::Unfit(words_of(&error))),
    }
}

/// Holds an answer to `hello` against what was offered; each disagreement has words of its own.
fn agree(said: Value, role: Role) -> Result<Greeting, StartError> {
    let member = |name: &str| said.get(name).map(|value| one_line(&value.to_string()));
    if let Some(protocol) = said.get("protocol").filter(|protocol| protocol.as_u64() != Some(PROTOCOL.into())) {
        return Err(StartError::Protocol { said: one_line(&protocol.to_string()) });
    }
    if let Some(claimed) = said.get("role").filter(|claimed| claimed.as_str() != Some(name(role))) {
        let said = format!("it says that it has the role {}", one_line(&claimed.to_string()));
        return Err(StartError::NotItsRole { wanted: name(role), said });
    }
    for declared in said.get("capabilities").and_then(Value::as_array).into_iter().flatten() {
        let Some(text) = declared.as_str() else { continue };
        let capability =
            text.parse::<Capability>().map_err(|error| StartError::Capability(one_line(&error.to_string())))?;
        if !capability.roles().contains(&role) {
            return Err(StartError::Capability(format!("`{capability}` is no capability of a {}", name(role))));
        }
    }
    let greeting: Greeting = serde_json::from_value(said.clone()).map_err(|error| {
        let missing = ["protocol", "role", "implementation"].into_iter().find(|name| member(name).is_none());
        let words = missing.map_or_else(|| one_line(&error.to_string()), |name| format!("`{name}` is missing"));
        StartError::Unfit(words)
    })?;
    let is_name = |text: &str| !text.trim().is_empty() && text.chars().count() <= 100;
    if !is_name(&greeting.implementation.name) || !is_name(&greeting.implementation.version) {
        return Err(StartError::Unfit("name and version of the implementation have 1 to 100 characters".into()));
    }
    if greeting.max_instances == 0 {
        return Err(StartError::Unfit("`max_instances` is 0; at least one instance has to be possible".into()));
    }
    Ok(greeting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Value {
        json!({
            "protocol": 1, "role": "device", "implementation": { "name": "Acme", "version": "2" },
            "capabilities": ["status-log"], "max_instances": 4, "clock": "none",
        })
    }

    #[test]
    fn what_is_agreed_is_what_was_offered() {
        assert_eq!(agree(said(), Role::Device).unwrap().implementation.name, "Acme");
    }

    #[test]
    fn each_disagreement_has_words_of_its_own() {
        let table: [(&str, Value, &str); 8] = [
            ("protocol", json!(7), "wants protocol 7"),
            ("role", json!("provider"), "does not have the role device: it says that it has the role \"provider\""),
            ("capabilities", json!(["status-logs"]), "did you mean `status-log`?"),
            ("capabilities", json!("all"), "invalid type"),
            ("max_instances", json!(0), "`max_instances` is 0"),
            ("implementation", json!({"name": "", "version": "2"}), "1 to 100 characters"),
            ("extra", json!(1), "unknown field `extra`"),
            ("clock", json!("sundial"), "unknown variant `sundial`"),
        ];

        for (member, value, words) in table {
            let mut said = said();
            said[member] = value;
            let error = agree(said, Role::Device).unwrap_err();
            assert!(error.to_string().contains(words), "{member}: {error}");
            assert!(!error.hint().is_empty());
        }
    }
}
