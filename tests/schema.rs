//! The published schemas are those that the code keeps to.

use std::path::Path;

use serde_json::Value;

/// Fails when the schema in `reports/` is not `current`; `CASTPROOF_RENEW=1` writes it.
fn assert_published(name: &str, current: impl serde::Serialize, version: &str) {
    assert_published_at(&format!("reports/{name}"), current, version);
}

/// As [`assert_published`], for a schema anywhere in the repository.
fn assert_published_at(name: &str, current: impl serde::Serialize, version: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut current = serde_json::to_string_pretty(&current).unwrap();
    current.push('\n');

    if std::env::var_os("CASTPROOF_RENEW").is_some_and(|value| value == "1") {
        std::fs::write(&path, &current).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();

    assert!(
        published == current,
        "{name} is not what the code writes; renew it with `CASTPROOF_RENEW=1 cargo test --test schema`, and \
         raise {version} if old readers would stumble"
    );
}

#[test]
fn the_published_result_schema_is_current() {
    assert_published("result.schema.json", castproof::findings::result_schema(), "RunFindings::SCHEMA");
}

#[test]
fn the_published_profile_schema_is_current() {
    assert_published("profile.schema.json", castproof::certify::profile_schema(), "the version of castproof");
}

#[test]
fn the_published_schema_of_expected_failures_is_current() {
    let current = castproof::certify::expected_failures_schema();
    assert_published("expected-failures.schema.json", current, "the version of castproof");
}

#[test]
fn the_published_transcript_schema_is_current() {
    assert_published("transcript.schema.json", castproof::capture::transcript_schema(), "Record::SCHEMA");
}

#[test]
fn the_published_schemas_of_the_adapter_protocol_are_current() {
    let version = "the protocol's number";
    assert_published_at("docs/adapter/device.schema.json", castproof::adapter::device_schema(), version);
    assert_published_at("docs/adapter/provider.schema.json", castproof::adapter::provider_schema(), version);
}

#[test]
fn every_kind_of_record_and_fact_is_described() {
    let schema: Value = serde_json::to_value(castproof::capture::transcript_schema()).unwrap();

    let undescribed: Vec<&Value> = ["/oneOf", "/$defs/Fact/oneOf"]
        .into_iter()
        .flat_map(|path| schema.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("no {path}")))
        .filter(|variant| variant.get("description").is_none())
        .collect();

    assert!(undescribed.is_empty(), "{undescribed:?}");
}
