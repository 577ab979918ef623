//! A starter adapter for a Device. It runs as it is, and says honestly that there is no Device behind it yet.
//!
//! Everything that is yours to write is marked VENDOR. castproof's docs/adapter.md tells what each request holds, and
//! docs/profile.md what the Device has to do on the network. Work in this order: open and close, listen, then stimulate
//! with `power`; the rest may stay unsupported for as long as you like.

mod protocol;

use protocol::{Answer, Greeting, Instance, Json, Not, serve};

// VENDOR: who you are, and what the Device can do beyond what every Device must. profile.yaml says the same capabilities.
const GREETING: Greeting = Greeting {
    role: "device",
    verbs: &["listen", "stimulate", "query"],
    name: "starter Device in Rust",
    version: "0",
    capabilities: &[],
    max_instances: 24,
    sets_clock: false,
};

/// One Device, for one scenario. Several may be open at once, and share nothing.
struct Device;

impl Device {
    fn open(_request: &Json) -> Result<(Box<dyn Instance>, String), Not> {
        // VENDOR: switch a Device on. The request holds all that it needs: its folder, what it is, its settings, its keys and
        // accounts, and the channel table. It does not join anything yet.
        Ok((Box::new(Device), "{}".into()))
    }
}

impl Instance for Device {
    fn ask(&mut self, verb: &str, request: &Json) -> Answer {
        match verb {
            // VENDOR: join the group and port of the channel whose label `notification` of `open` names, and answer
            // Ok("{}".into()) when the kernel has the membership. castproof looks for it.
            "listen" => Err(Not::Unsupported("there is no Device behind this starter yet, so nothing listens".into())),
            "stimulate" => {
                let kind = request.get("stimulus").map_or("", |stimulus| stimulus.text_of("kind"));
                // VENDOR: begin with `power`, which is mandatory. Answer when it is so. Keep the last line: a stimulus that
                // you do not know is unsupported, and castproof tries that out.
                Err(Not::Unsupported(format!("stimulus {kind} is not supported")))
            }
            // VENDOR: `query` is optional; it is answered with {"nodes": {uri: value or null}}.
            other => Err(Not::Unsupported(format!("this starter has no {other}"))),
        }
    }

    fn close(self: Box<Self>) {
        // VENDOR: end the Device as a loss of power would, with no report and no farewell. Return when its sockets are closed.
    }
}

fn main() {
    serve(&GREETING, Device::open);
}
