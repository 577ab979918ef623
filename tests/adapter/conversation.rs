//! A conversation in either role, held against the types: every line, and every answer against its request.

use std::collections::BTreeMap;

use castproof::adapter::{
    Ask, Bye, Care, Close, DeviceEvent, DeviceVerb, Hello, Incoming, Listen, Object, OpenDevice, OpenProvider, Outcome,
    ProviderEvent, ProviderVerb, Provision, Push, QueryDevice, QueryProvider, Request, RequestId, Stimulate, Verbs,
};
use serde::de::DeserializeOwned;

/// The schema's word for what a verb is answered with.
fn fits<V, A: Ask<V>>(outcome: Outcome) {
    outcome.read::<A::Ok>().unwrap_or_else(|unfit| panic!("{unfit}")).ok();
}

fn device_answer(verb: &DeviceVerb, outcome: Outcome) {
    match verb {
        DeviceVerb::Hello(_) => fits::<DeviceVerb, Hello>(outcome),
        DeviceVerb::Open(_) => fits::<DeviceVerb, OpenDevice>(outcome),
        DeviceVerb::Listen(_) => fits::<DeviceVerb, Listen>(outcome),
        DeviceVerb::Stimulate(_) => fits::<DeviceVerb, Stimulate>(outcome),
        DeviceVerb::Query(_) => fits::<DeviceVerb, QueryDevice>(outcome),
        DeviceVerb::Close(_) => fits::<DeviceVerb, Close>(outcome),
        DeviceVerb::Bye(_) => fits::<DeviceVerb, Bye>(outcome),
    }
}

fn provider_answer(verb: &ProviderVerb, outcome: Outcome) {
    match verb {
        ProviderVerb::Hello(_) => fits::<ProviderVerb, Hello>(outcome),
        ProviderVerb::Open(_) => fits::<ProviderVerb, OpenProvider>(outcome),
        ProviderVerb::Push(_) => fits::<ProviderVerb, Push>(outcome),
        ProviderVerb::Provision(_) => fits::<ProviderVerb, Provision>(outcome),
        ProviderVerb::Care(_) => fits::<ProviderVerb, Care>(outcome),
        ProviderVerb::Query(_) => fits::<ProviderVerb, QueryProvider>(outcome),
        ProviderVerb::Close(_) => fits::<ProviderVerb, Close>(outcome),
        ProviderVerb::Bye(_) => fits::<ProviderVerb, Bye>(outcome),
    }
}

/// Checks the lines of a conversation; gives how many requests there were.
fn check<V: Verbs, E: DeserializeOwned>(lines: Vec<Object>, answer_fits: fn(&V, Outcome)) -> usize {
    let mut open: BTreeMap<RequestId, V> = BTreeMap::new();
    let mut asked = 0;
    for line in lines {
        let shown = serde_json::to_string(&line.0).unwrap();
        if line.0.contains_key("verb") {
            let request = Request::<V>::read(line).unwrap_or_else(|misread| panic!("{shown}: {}", misread.reason));
            assert!(open.insert(request.id, request.verb).is_none(), "the id of {shown} was there before");
            asked += 1;
            continue;
        }
        match Incoming::<E>::read(line).unwrap_or_else(|unfit| panic!("{shown}: {unfit}")) {
            Incoming::Event(_) => {}
            Incoming::Answer(answer) => {
                let Some(id) = answer.id else { continue };
                let verb = open.remove(&id).unwrap_or_else(|| panic!("{shown} answers nothing"));
                answer_fits(&verb, answer.outcome);
            }
        }
    }
    assert!(open.is_empty(), "requests without an answer: {:?}", open.into_keys());
    asked
}

/// A conversation with a Device's adapter.
pub(super) fn check_device(lines: Vec<Object>) -> usize {
    check::<DeviceVerb, DeviceEvent>(lines, device_answer)
}

/// A conversation with a provider's adapter.
pub(super) fn check_provider(lines: Vec<Object>) -> usize {
    check::<ProviderVerb, ProviderEvent>(lines, provider_answer)
}
