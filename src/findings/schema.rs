//! JSON Schemas of the vocabulary's types, which rank below the findings and know no schema.

use schemars::{Schema, SchemaGenerator, json_schema};

/// A requirement id, such as `FU-NF-2`.
pub(super) fn requirement_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "minLength": 1 })
}

/// A list of requirement ids.
pub(super) fn requirement_ids(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": requirement_id(generator) })
}

/// The role that is judged.
pub(super) fn role(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["device", "provider", "system"] })
}

/// A list of roles.
pub(super) fn roles(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": role(generator) })
}

/// How binding a requirement is.
pub(super) fn level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["must", "should", "may"] })
}

/// The kind of flow.
pub(super) fn flow(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["normal", "alternative", "exceptional"] })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::spec::{Flow, Level, Role};

    fn allowed(schema: &Schema) -> Value {
        schema.get("enum").unwrap().clone()
    }

    #[test]
    fn the_schemas_allow_what_the_vocabulary_writes() {
        let generator = &mut SchemaGenerator::default();

        assert_eq!(allowed(&role(generator)), json!([Role::Device, Role::Provider, Role::System]));
        assert_eq!(allowed(&level(generator)), json!([Level::Must, Level::Should, Level::May]));
        assert_eq!(allowed(&flow(generator)), json!([Flow::Normal, Flow::Alternative, Flow::Exceptional]));
    }
}
