//! The published schema of `result.json` is the one that the code keeps to.

use std::path::Path;

#[test]
fn the_published_result_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/result.schema.json");
    let mut current = serde_json::to_string_pretty(&castproof::findings::result_schema()).unwrap();
    current.push('\n');

    if std::env::var_os("CASTPROOF_RENEW").is_some_and(|value| value == "1") {
        std::fs::write(&path, &current).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();

    assert!(
        published == current,
        "reports/result.schema.json is not what the code writes; renew it with \
         `CASTPROOF_RENEW=1 cargo test --test schema`, and raise RunFindings::SCHEMA if old readers would stumble"
    );
}
