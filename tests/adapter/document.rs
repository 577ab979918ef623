//! `docs/adapter.md` holds no example that is not of the protocol, and no list that is not the code's.

use castproof::adapter::{DeviceStimulus, DeviceVerb, Object, ProviderVerb, Verbs};
use castproof::spec::{Capability, Mandatory, Role};
use serde_json::Value;

use super::conversation;

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/adapter.md");
    std::fs::read_to_string(path).unwrap()
}

/// The examples: every JSON value of every block, block by block.
fn examples(document: &str) -> Vec<Vec<Object>> {
    let blocks = document.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let values = |block: &str| {
        let values = serde_json::Deserializer::from_str(block).into_iter::<Object>();
        values.map(|value| value.unwrap_or_else(|error| panic!("{error}: {block}"))).collect()
    };
    blocks.map(values).collect()
}

#[test]
fn every_example_is_a_message_and_every_answer_fits_its_request() {
    let document = document();
    let (device, provider) = document.split_once("\n## 5 The Service Provider").unwrap();
    let mut asked = 0;
    for block in examples(device) {
        asked += conversation::check_device(block);
    }
    for block in examples(provider) {
        asked += conversation::check_provider(block);
    }
    assert!(asked > 25, "only {asked} requests");
}

/// The names in the first column of the table under a heading.
fn first_column(document: &str, heading: &str) -> Vec<String> {
    let (_, table) = document.split_once(heading).unwrap_or_else(|| panic!("no table {heading}"));
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let name = |row: &str| row.split('`').nth(1).unwrap().to_owned();
    rows.map(name).collect()
}

#[test]
fn every_list_is_that_of_the_code() {
    let document = document();
    let capabilities: Vec<String> = Capability::ALL.map(|one| one.name().to_owned()).into();
    assert_eq!(first_column(&document, "| capability | role |"), capabilities);
    for capability in Capability::ALL {
        let role = if capability.roles().len() == 2 { "both" } else { "Device" };
        let row = format!("| `{capability}` | {role} | {} |", capability.requires());
        assert!(document.contains(&row), "{row}");
    }
    for (role, heading) in
        [(Role::Device, "| mandatory for a Device |"), (Role::Provider, "| mandatory for a Service Provider |")]
    {
        let names: Vec<&str> = Mandatory::of(role).iter().map(|item| item.name).collect();
        assert_eq!(first_column(&document, heading), names);
        for item in Mandatory::of(role) {
            assert!(document.contains(&format!("| `{}` | {} |", item.name, item.means)), "{}", item.name);
        }
    }
    let mut stimuli = first_column(&document, "| kind | with |");
    let mut known: Vec<String> = DeviceStimulus::NAMES.iter().map(|name| (*name).to_owned()).collect();
    stimuli.sort_unstable();
    known.sort_unstable();
    assert_eq!(stimuli, known);
}

#[test]
fn every_verb_and_event_has_a_section() {
    let document = document();
    for verb in DeviceVerb::NAMES.iter().chain(ProviderVerb::NAMES) {
        assert!(document.contains(&format!("\n### {verb}\n")), "{verb}");
    }
    for schema in [castproof::adapter::device_schema(), castproof::adapter::provider_schema()] {
        for event in schema.pointer("/$defs/Event/oneOf").and_then(Value::as_array).unwrap() {
            let name = event["properties"]["event"]["const"].as_str().unwrap();
            assert!(document.contains(&format!("{{\"event\": \"{name}\"")), "{name}");
        }
    }
}

#[test]
fn the_longest_package_of_the_suite_fits_a_line() {
    let campaigns = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/features/fixtures/campaigns.yaml"));
    let campaigns = campaigns.unwrap();
    let octets = campaigns.split("octets: ").skip(1);
    let number =
        |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>().unwrap();
    assert_eq!(octets.map(number).max(), Some(150_000), "docs/adapter.md tells the largest");
}
