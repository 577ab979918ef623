//! The adapter protocol, version 1: lines, JSON, ids, instances, errors. You need not change this file.
//!
//! Yours is adapter.rs, which calls `serve`. The protocol is told in castproof's docs/adapter.md. No crate is used; if
//! you have serde_json at hand, put it in the place of `Json`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write as _};

const PROTOCOL: &str = "1";
/// How deep JSON may be nested. No request is deeper than 20.
const DEEPEST: usize = 100;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// A number as it is written: no digit is lost.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[allow(dead_code)] // Some of it waits for what you write.
impl Json {
    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(member, _)| member == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text member; empty where there is none. castproof checks each request before it sends it.
    pub fn text_of(&self, name: &str) -> &str {
        self.get(name).and_then(Json::text).unwrap_or_default()
    }

    pub fn read(text: &str) -> Result<Json, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err(format!("something follows at octet {}", reader.at)) }
    }
}

/// A text as JSON, with its quotes.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes all"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T, String> {
        Err(format!("no {wanted} at octet {}", self.at))
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEEPEST {
            return Err("nested too deep".into());
        }
        self.space();
        match self.peek() {
            Some(b'"') => self.string().map(Json::Text),
            Some(b'{') => {
                let member = |reader: &mut Self| {
                    reader.space();
                    let name = reader.string()?;
                    reader.space();
                    if !reader.takes(":") {
                        return reader.wrong("colon");
                    }
                    Ok((name, reader.value(depth + 1)?))
                };
                self.list("}", member).map(Json::Object)
            }
            Some(b'[') => self.list("]", |reader| reader.value(depth + 1)).map(Json::List),
            Some(b'-' | b'0'..=b'9') => {
                let from = self.at;
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                    self.at += 1;
                }
                Ok(Json::Number(self.text[from..self.at].into()))
            }
            _ if self.takes("true") => Ok(Json::Bool(true)),
            _ if self.takes("false") => Ok(Json::Bool(false)),
            _ if self.takes("null") => Ok(Json::Null),
            _ => self.wrong("value"),
        }
    }

    fn list<T>(&mut self, end: &str, one: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut all = Vec::new();
        self.at += 1;
        self.space();
        if self.takes(end) {
            return Ok(all);
        }
        loop {
            all.push(one(self)?);
            self.space();
            if self.takes(end) {
                return Ok(all);
            }
            if !self.takes(",") {
                return self.wrong("comma");
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.takes("\"") {
            return self.wrong("text");
        }
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(plain) = rest.find(['"', '\\']) else { return self.wrong("end of a text") };
            text.push_str(&rest[..plain]);
            self.at += plain;
            if self.takes("\"") {
                return Ok(text);
            }
            self.at += 1;
            let escaped = self.peek();
            self.at += usize::from(escaped.is_some_and(|octet| octet.is_ascii()));
            match escaped {
                Some(octet @ (b'"' | b'\\' | b'/')) => text.push(char::from(octet)),
                Some(b'n') => text.push('\n'),
                Some(b't') => text.push('\t'),
                Some(b'r') => text.push('\r'),
                Some(b'b') => text.push('\u{8}'),
                Some(b'f') => text.push('\u{c}'),
                Some(b'u') => text.push(self.escape()?),
                _ => return self.wrong("escape"),
            }
        }
    }

    /// What `\u` stands for; beyond the basic plane it is two of them.
    fn escape(&mut self) -> Result<char, String> {
        let high = self.unit()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).map_or_else(|| self.wrong("character"), Ok);
        }
        if !self.takes("\\u") {
            return self.wrong("second half of a character");
        }
        let low = self.unit()?.wrapping_sub(0xdc00);
        let code = 0x10000 + ((high - 0xd800) << 10) + (low & 0x3ff);
        if low < 0x400 { char::from_u32(code).map_or_else(|| self.wrong("character"), Ok) } else { self.wrong("half") }
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
        let Some(digits) = digits else { return self.wrong("four hexadecimal digits") };
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|error| error.to_string())
    }
}

/// Why a request was not done.
#[allow(dead_code)] // Some of it waits for what you write.
pub enum Not {
    /// The implementation does not have this verb or this value. Honest, and fails nothing by itself.
    Unsupported(String),
    /// The implementation refused, or tried and failed.
    Refused(String),
    /// The host did not let it: no port, no room, no right. Never for a fault of your own.
    Host(String),
    /// No instance of this name is open; or one is, and another was to be opened.
    Instance(String),
}

/// What a request is answered with: the JSON inside `ok`, or why not.
pub type Answer = Result<String, Not>;

/// One Device or one Service Provider, for one scenario.
pub trait Instance {
    /// Answers a verb of the role, other than `open` and `close`.
    fn ask(&mut self, verb: &str, request: &Json) -> Answer;

    /// Ends it as a loss of power would. Its sockets are closed when this returns.
    fn close(self: Box<Self>);
}

/// What `hello` says beside protocol and role.
pub struct Greeting {
    pub role: &'static str,
    /// Verbs of the role other than `hello`, `open`, `close` and `bye`.
    pub verbs: &'static [&'static str],
    pub name: &'static str,
    pub version: &'static str,
    pub capabilities: &'static [&'static str],
    pub max_instances: usize,
    /// Whether an instance can have a clock that is ahead or behind.
    pub sets_clock: bool,
}

/// Opens an instance, and says what `open` is answered with.
pub type Open = fn(&Json) -> Result<(Box<dyn Instance>, String), Not>;

/// Says something unasked, such as `event("note", "D1-3", ",\"text\":\"sequence number 41 is not new\"")`.
#[allow(dead_code)] // It waits for what you write.
pub fn event(name: &str, instance: &str, members: &str) {
    write(&format!("{{\"event\":{},\"instance\":{}{members}}}", quoted(name), quoted(instance)));
}

/// Answers requests until `bye`, or until standard input ends.
pub fn serve(greeting: &Greeting, open: Open) {
    let mut instances = HashMap::new();
    for line in io::stdin().lock().split(b'\n') {
        let line = line.expect("standard input can be read");
        if line.trim_ascii().is_empty() {
            continue;
        }
        let read = std::str::from_utf8(&line).map_err(|error| error.to_string()).and_then(Json::read);
        let request = read.unwrap_or(Json::Null);
        let (Some(Json::Number(id)), Some(verb)) = (request.get("id"), request.get("verb").and_then(Json::text)) else {
            write("{\"id\":null,\"error\":{\"kind\":\"malformed\",\"reason\":\"no request of this protocol\"}}");
            continue;
        };
        let error =
            |kind: &str, reason: &str| format!("\"error\":{{\"kind\":\"{kind}\",\"reason\":{}}}", quoted(reason));
        let outcome = match answer(greeting, open, &mut instances, verb, &request) {
            Ok(said) => format!("\"ok\":{said}"),
            Err(Not::Unsupported(why)) => format!("\"unsupported\":{}", quoted(&why)),
            Err(Not::Refused(why)) => error("refused", &why),
            Err(Not::Host(why)) => error("host", &why),
            Err(Not::Instance(why)) => error("instance", &why),
        };
        write(&format!("{{\"id\":{id},{outcome}}}"));
        if verb == "bye" {
            return;
        }
    }
}

fn answer(
    greeting: &Greeting,
    open: Open,
    instances: &mut HashMap<String, Box<dyn Instance>>,
    verb: &str,
    request: &Json,
) -> Answer {
    let name = request.text_of("instance");
    match verb {
        "hello" => hello(greeting, request),
        "bye" => Ok("{}".into()),
        "open" => {
            if instances.contains_key(name) {
                return Err(Not::Instance(format!("an instance {name} is open already")));
            }
            if instances.len() >= greeting.max_instances {
                return Err(Not::Instance(format!("no more than {} instances may be open", greeting.max_instances)));
            }
            let is_offset = request.get("clock_offset_ms").is_some_and(|offset| *offset != Json::Number("0".into()));
            if is_offset && !greeting.sets_clock {
                return Err(Not::Unsupported("the clock cannot be set".into()));
            }
            let (instance, said) = open(request)?;
            instances.insert(name.into(), instance);
            Ok(said)
        }
        verb if verb != "close" && !greeting.verbs.contains(&verb) => {
            Err(Not::Unsupported(format!("a {} has no verb {verb}", greeting.role)))
        }
        verb => {
            let none = || Not::Instance(format!("no instance {name} is open"));
            if verb == "close" {
                instances.remove(name).ok_or_else(none)?.close();
                return Ok("{}".into());
            }
            instances.get_mut(name).ok_or_else(none)?.ask(verb, request)
        }
    }
}

fn hello(greeting: &Greeting, request: &Json) -> Answer {
    if request.text_of("role") != greeting.role {
        return Err(Not::Unsupported(format!("this adapter has the role {}", greeting.role)));
    }
    let ours = Json::Number(PROTOCOL.into());
    if !matches!(request.get("protocols"), Some(Json::List(offered)) if offered.contains(&ours)) {
        return Err(Not::Unsupported(format!("this adapter knows protocol {PROTOCOL}")));
    }
    let capabilities: Vec<String> = greeting.capabilities.iter().map(|name| quoted(name)).collect();
    Ok(format!(
        "{{\"protocol\":{PROTOCOL},\"role\":{},\"implementation\":{{\"name\":{},\"version\":{}}},\"capabilities\":[{}],\
         \"max_instances\":{},\"clock\":\"{}\"}}",
        quoted(greeting.role),
        quoted(greeting.name),
        quoted(greeting.version),
        capabilities.join(","),
        greeting.max_instances,
        if greeting.sets_clock { "set" } else { "none" },
    ))
}

/// Writes a line, and does not hold it back.
fn write(line: &str) {
    let mut out = io::stdout().lock();
    let written = out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    if written.is_err() {
        // Nobody reads any more.
        std::process::exit(0);
    }
}
