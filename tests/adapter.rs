//! The adapter protocol: what goes out comes in as it was, and what is not of the protocol is refused in words.

#[path = "adapter/conversation.rs"]
mod conversation;
#[path = "adapter/document.rs"]
mod document;
#[path = "adapter/reference.rs"]
mod reference;
#[path = "adapter/seam.rs"]
mod seam;

use castproof::adapter::{
    Answer, DeviceEvent, DeviceVerb, ErrorKind, Incoming, Line, LineReader, NodeValues, Object, Outcome, ProviderVerb,
    Request, Verbs,
};
use serde_json::Value;

/// The object of a line.
fn object(line: &str) -> Object {
    let lines = LineReader::new().feed(format!("{line}\n").as_bytes());
    let [Line::Object(object)] = lines.as_slice() else { panic!("{line}: {lines:?}") };
    object.clone()
}

#[test]
fn a_request_that_is_none_is_answered_with_its_id_and_the_reason() {
    let table = [
        (r#"{"id":7,"verb":"dance"}"#, Some(7), true, "no verb of this role is called `dance`; there are hello, open"),
        (r#"{"id":7,"verb":"push","instance":"a"}"#, Some(7), true, "called `push`"),
        (
            r#"{"id":7,"verb":"stimulate","instance":"a","stimulus":{"kind":"earthquake"}}"#,
            Some(7),
            true,
            "no stimulus is called `earthquake`",
        ),
        (
            r#"{"id":7,"verb":"stimulate","instance":"a","stimulus":{"kind":"power-fails","when":"never"}}"#,
            Some(7),
            true,
            "unknown variant `never`",
        ),
        (r#"{"id":7,"verb":"listen","instance":"a","loudly":true}"#, Some(7), false, "unknown field `loudly`"),
        (r#"{"id":7,"verb":"listen"}"#, Some(7), false, "missing field `instance`"),
        (r#"{"id":7}"#, Some(7), false, "missing field `verb`"),
        (r#"{"id":"7","verb":"bye"}"#, None, false, "`id` is no number"),
        (r#"{"verb":"bye"}"#, None, false, "`id` is no number"),
        (
            r#"{"id":7,"verb":"stimulate","instance":"a","stimulus":{"kind":"power","on":true,"now":1}}"#,
            Some(7),
            false,
            "unknown field `now`",
        ),
        (r#"{"id":7,"verb":"query","instance":"a","nodes":[""]}"#, Some(7), false, "node URI is empty"),
    ];
    for (line, id, is_unknown, words) in table {
        let misread = Request::<DeviceVerb>::read(object(line)).unwrap_err();
        assert_eq!((misread.id, misread.is_unknown), (id, is_unknown), "{line}: {}", misread.reason);
        assert!(misread.reason.contains(words), "{line}: {}", misread.reason);
    }
}

#[test]
fn a_hello_of_a_later_protocol_can_be_read() {
    let line = r#"{"id":1,"verb":"hello","protocols":[2,1],"role":"device","suite":{"name":"castproof","version":"9"},"mood":"good"}"#;

    let request = Request::<DeviceVerb>::read(object(line)).unwrap();

    let DeviceVerb::Hello(hello) = request.verb else { panic!() };
    assert_eq!(hello.protocols, [2, 1]);
}

#[test]
fn an_answer_has_exactly_one_outcome() {
    let outcome = |line: &str| match Incoming::<DeviceEvent>::read(object(line)) {
        Ok(Incoming::Answer(answer)) => Ok(answer.outcome),
        Ok(Incoming::Event(event)) => panic!("{event:?}"),
        Err(unfit) => Err(unfit.to_string()),
    };

    assert_eq!(outcome(r#"{"id":1,"ok":{}}"#), Ok(Outcome::Ok(Value::Object(Default::default()))));
    assert_eq!(outcome(r#"{"id":1,"unsupported":"why"}"#), Ok(Outcome::Unsupported("why".into())));
    let Ok(Outcome::Error(error)) = outcome(r#"{"id":null,"error":{"kind":"host","reason":"no port"}}"#) else {
        panic!()
    };
    assert_eq!((error.kind, error.reason.as_str()), (ErrorKind::Host, "no port"));
    for (line, words) in [
        (r#"{"id":1}"#, "exactly one of"),
        (r#"{"id":1,"ok":{},"error":{"kind":"host","reason":""}}"#, "exactly one of"),
        (r#"{"id":null,"ok":{}}"#, "without an id is an error"),
        (r#"{"ok":{}}"#, "without an id is an error"),
        (r#"{"id":1,"ok":{},"took_ms":3}"#, "unknown field `took_ms`"),
        (r#"{"id":1,"unsupported":null}"#, "invalid type: null"),
        (r#"{"id":-1,"ok":{}}"#, "invalid value"),
        (r#"{"id":1,"error":{"kind":"bored","reason":""}}"#, "unknown variant `bored`"),
    ] {
        let fault = outcome(line).unwrap_err();
        assert!(fault.contains(words), "{line}: {fault}");
    }
}

#[test]
fn what_ok_holds_is_read_as_the_answer_to_its_verb() {
    let Incoming::<DeviceEvent>::Answer(Answer { outcome, .. }) =
        Incoming::read(object(r#"{"id":1,"ok":{"nodes":{"./DevDetail/FwV":"2.0","./Nowhere":null}}}"#)).unwrap()
    else {
        panic!()
    };

    let values = outcome.clone().read::<NodeValues>().unwrap().unwrap();
    assert_eq!(values.nodes.values().cloned().collect::<Vec<_>>(), [Some("2.0".to_owned()), None]);
    assert!(outcome.read::<castproof::adapter::Done>().is_err());
}

#[test]
fn an_event_that_is_none_is_refused() {
    for (line, words) in [
        (r#"{"event":"prompted","instance":"a","campaign":"c","may_decline":true,"id":1}"#, "unknown field `id`"),
        (r#"{"event":"danced","instance":"a"}"#, "unknown variant `danced`"),
        (r#"{"event":"prompted","instance":"a","campaign":"","may_decline":true}"#, "campaign id is empty"),
    ] {
        let fault = Incoming::<DeviceEvent>::read(object(line)).unwrap_err().to_string();
        assert!(fault.contains(words), "{line}: {fault}");
    }
}

#[test]
fn every_verb_and_stimulus_is_known_by_its_name() {
    fn names(schema: &Value, path: &str, tag: &str) -> Vec<String> {
        let variants = schema.pointer(path).and_then(Value::as_array).unwrap();
        let name = |variant: &Value| variant["properties"][tag]["const"].as_str().unwrap().to_owned();
        variants.iter().map(name).collect()
    }
    let (device, provider) = (castproof::adapter::device_schema(), castproof::adapter::provider_schema());

    assert_eq!(names(&device, "/$defs/Request/oneOf", "verb"), DeviceVerb::NAMES);
    assert_eq!(names(&provider, "/$defs/Request/oneOf", "verb"), ProviderVerb::NAMES);
    assert_eq!(names(&device, "/$defs/DeviceStimulus/oneOf", "kind"), DeviceVerb::STIMULI);
}
