//! JSON Schemas of the protocol, and of the vocabulary's types, which rank below and know no schema.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::PROTOCOL;
use super::answer::{Done, Greeting, NodeValues, OpenedProvider, Pushed, ResultsOfCampaign, Written};
use super::event::{DeviceEvent, ProviderEvent};
use super::request::{DeviceVerb, ProviderVerb, Request};
use crate::spec::Capability;

pub(super) fn role(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["device", "provider"] })
}

pub(super) fn capabilities(_: &mut SchemaGenerator) -> Schema {
    let names = Capability::ALL.map(Capability::name);
    json_schema!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "enum": names } })
}

pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["mandatory", "optional"] })
}

pub(super) fn reporters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["nobody", "failures-only", "everybody"] })
}

pub(super) fn process(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["re-provision", "escalate", "ignore"] })
}

pub(super) fn processes(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": process(generator) })
}

pub(super) fn packages_join(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["at-first", "later"] })
}

pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": r"^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){0,3}$" })
}

pub(super) fn optional_version(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [version(generator), { "type": "null" }] })
}

pub(super) fn versions(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": version(generator) })
}

/// The schema of verbs, each with an id.
pub(super) fn with_id(mut verbs: Schema) -> Schema {
    let variants = verbs.get_mut("oneOf").and_then(Value::as_array_mut);
    for variant in variants.into_iter().flatten() {
        variant["properties"]["id"] = json!({
            "type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_u64,
            "description": "The number of the request; the answer repeats it.",
        });
        if let Some(required) = variant.get_mut("required").and_then(Value::as_array_mut) {
            required.insert(0, json!("id"));
        }
    }
    verbs
}

/// An answer: its envelope, with what `ok` may hold.
fn answer(generator: &mut SchemaGenerator, ok: &[Schema]) -> Value {
    let mut answer = Written::json_schema(generator).to_value();
    answer["properties"]["ok"] = json!({ "anyOf": ok });
    answer["properties"]["unsupported"] = json!({
        "type": "string", "description": "The implementation does not have this verb or value, and why.",
    });
    answer["properties"]["error"] = json!(generator.subschema_for::<super::AdapterError>());
    answer["required"] = json!(["id"]);
    answer["description"] = json!("An answer. Without an id, because the request could not be told, it is an error.");
    answer["oneOf"] = json!([
        { "required": ["ok"], "properties": { "id": { "type": "integer" } } },
        { "required": ["unsupported"], "properties": { "id": { "type": "integer" } } },
        { "required": ["error"] },
    ]);
    answer
}

/// A document in which one line of either direction is described, with requests, answers and events under `$defs`.
fn document<R: JsonSchema, E: JsonSchema>(role: &str, oks: fn(&mut SchemaGenerator) -> Vec<Schema>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let request = R::json_schema(&mut generator);
    let event = E::json_schema(&mut generator);
    let oks = oks(&mut generator);
    let answer = answer(&mut generator, &oks);
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Request".into(), json!(request));
    definitions.insert("Answer".into(), answer);
    definitions.insert("Event".into(), json!(event));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("The adapter protocol {PROTOCOL} of castproof, role {role}"),
        "description": "One line of either direction: castproof sends requests, an adapter sends answers and events. \
                        docs/adapter.md tells what they mean.",
        "oneOf": [{ "$ref": "#/$defs/Request" }, { "$ref": "#/$defs/Answer" }, { "$ref": "#/$defs/Event" }],
        "$defs": definitions,
    })
}

/// The JSON Schema of a line of the Device role, as `docs/adapter/device.schema.json` holds it.
pub fn device_schema() -> Value {
    document::<Request<DeviceVerb>, DeviceEvent>("device", |generator| {
        vec![
            generator.subschema_for::<Greeting>(),
            generator.subschema_for::<NodeValues>(),
            generator.subschema_for::<Done>(),
        ]
    })
}

/// The JSON Schema of a line of the provider role, as `docs/adapter/provider.schema.json` holds it.
pub fn provider_schema() -> Value {
    document::<Request<ProviderVerb>, ProviderEvent>("provider", |generator| {
        vec![
            generator.subschema_for::<Greeting>(),
            generator.subschema_for::<OpenedProvider>(),
            generator.subschema_for::<Pushed>(),
            generator.subschema_for::<ResultsOfCampaign>(),
            generator.subschema_for::<Done>(),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::PackagesJoin;
    use crate::spec::{CareProcess, Reporters, Role, Severity};

    fn allowed(schema: fn(&mut SchemaGenerator) -> Schema) -> Value {
        schema(&mut SchemaGenerator::default()).get("enum").unwrap().clone()
    }

    #[test]
    fn the_schemas_allow_what_the_vocabulary_writes() {
        assert_eq!(allowed(role), json!([Role::Device, Role::Provider]));
        assert_eq!(allowed(severity), json!([Severity::Mandatory, Severity::Optional]));
        assert_eq!(allowed(reporters), json!([Reporters::Nobody, Reporters::FailuresOnly, Reporters::Everybody]));
        let processes = [CareProcess::ReProvision, CareProcess::Escalate, CareProcess::Ignore];
        assert_eq!(allowed(process), json!(processes));
        assert_eq!(allowed(packages_join), json!([PackagesJoin::AtFirst, PackagesJoin::Later]));
    }
}
