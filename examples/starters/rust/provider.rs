//! A starter adapter for a Service Provider. It runs as it is, and says honestly that there is no provider behind it yet.
//!
//! Everything that is yours to write is marked VENDOR. castproof's docs/adapter.md tells what each request holds, and
//! docs/profile.md what the provider has to do on the network. Work in this order: open and close with a DM Server, push,
//! provision, query; care may stay unsupported for as long as you like.

mod protocol;

use std::net::TcpListener;

use protocol::{Answer, Greeting, Instance, Json, Not, quoted, serve};

// VENDOR: who you are, and what the provider can do beyond what every provider must. profile.yaml says the same
// capabilities.
const GREETING: Greeting = Greeting {
    role: "provider",
    verbs: &["push", "provision", "care", "query"],
    name: "starter Service Provider in Rust",
    version: "0",
    capabilities: &[],
    max_instances: 24,
    sets_clock: false,
};

/// One Service Provider, for one scenario. Several may be open at once, and share nothing.
struct Provider {
    /// Holds the port of the DM Server, and answers nobody on it.
    listener: TcpListener,
}

impl Provider {
    fn open(request: &Json) -> Result<(Box<dyn Instance>, String), Not> {
        // VENDOR: start your DM Server here, and go on with what `folder` holds. On Linux the standard library sets
        // SO_REUSEADDR, which a restart with the same address needs.
        let listen = request.text_of("listen");
        let host = |error: std::io::Error| Not::Host(format!("listen on {listen}: {error}"));
        let listener = TcpListener::bind(listen).map_err(host)?;
        let address = listener.local_addr().map_err(host)?.to_string();
        Ok((Box::new(Provider { listener }), format!("{{\"address\":{}}}", quoted(&address))))
    }
}

impl Instance for Provider {
    fn ask(&mut self, verb: &str, _request: &Json) -> Answer {
        match verb {
            // VENDOR: `push` broadcasts `package` as `campaign` says, and `provision` settings with their exception
            // schedule. Answer Ok("{\"sequence\":41}".into()) when the first notification was sent. castproof looks for the
            // datagram.
            "push" | "provision" => {
                Err(Not::Unsupported("there is no Service Provider behind this starter yet, so nothing is sent".into()))
            }
            // VENDOR: `query` is answered with {"results": {...}}, in which every Device that was silent is left out. `care`
            // is optional.
            other => Err(Not::Unsupported(format!("this starter has no {other}"))),
        }
    }

    fn close(self: Box<Self>) {
        // VENDOR: end the provider as a loss of power would. Return when its sockets are closed.
        drop(self.listener);
    }
}

fn main() {
    serve(&GREETING, Provider::open);
}
