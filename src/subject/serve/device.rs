//! A Device behind the adapter protocol.

use std::rc::Rc;

use tokio::sync::mpsc;

use crate::adapter::{
    DeviceEvent, DeviceVerb, Done, ErrorKind, NodeValues, OpenDevice, Outcome, QueryDevice, RequestId, Stimulate,
};
use crate::net::Clock;
use crate::spec::Role;

use super::super::{ClaimKind, DeviceBrief, DeviceInstance, DeviceSubject, SubjectError};
use super::{Mouth, Step, error, greet, outcome_of, run, serve};

/// What an instance is asked.
struct Asked {
    id: RequestId,
    what: What,
}

enum What {
    Listen,
    Stimulate(Stimulate),
    Query(QueryDevice),
    Close,
}

/// Serves a Device: octets from castproof come from `inbox`, lines to it go to `lines`. Completes when castproof has said
/// `bye`, or `inbox` has ended, and all instances are closed.
pub async fn serve_device(
    subject: Rc<dyn DeviceSubject>,
    inbox: mpsc::Receiver<Vec<u8>>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
) {
    let mouth = Mouth(lines);
    let step = |id, verb| match verb {
        DeviceVerb::Hello(hello) => greet(&hello, Role::Device, subject.name(), subject.capabilities()),
        DeviceVerb::Open(open) => {
            let (name, subject, mouth) = (open.instance.clone(), subject.clone(), mouth.clone());
            Step::Open(name, Box::new(move |inbox| run(instance(subject, id, open, inbox, mouth))))
        }
        DeviceVerb::Listen(listen) => Step::To(listen.instance, Asked { id, what: What::Listen }),
        DeviceVerb::Stimulate(said) => Step::To(said.instance.clone(), Asked { id, what: What::Stimulate(said) }),
        DeviceVerb::Query(query) => Step::To(query.instance.clone(), Asked { id, what: What::Query(query) }),
        DeviceVerb::Close(close) => Step::Close(close.instance, Asked { id, what: What::Close }),
        DeviceVerb::Bye(_) => Step::Bye,
    };
    serve(inbox, mouth.clone(), step).await;
}

async fn open(subject: &dyn DeviceSubject, open: &OpenDevice) -> Result<Box<dyn DeviceInstance>, Outcome> {
    // Started anew, since the host's clock may have been set since the last instance.
    let brief = DeviceBrief::of_open(open, Clock::start()).map_err(|unfit| error(ErrorKind::Malformed, unfit))?;
    subject.open(brief).await.map_err(|error| outcome_of(&error))
}

/// An instance, from `open` to `close`.
async fn instance(
    subject: Rc<dyn DeviceSubject>,
    id: RequestId,
    opened: Box<OpenDevice>,
    mut inbox: mpsc::UnboundedReceiver<Asked>,
    mouth: Mouth,
) {
    let device = match open(subject.as_ref(), &opened).await {
        Ok(device) => device,
        Err(outcome) => return mouth.answer::<Done>(id, Err(outcome)),
    };
    mouth.answer(id, Ok(Done {}));
    let mut told = Told { instance: opened.instance.clone(), ..Told::default() };
    loop {
        // Whatever there is to tell is told in front of the next answer.
        told.tell(device.as_ref(), &mouth);
        let asked = tokio::select! {
            asked = inbox.recv() => asked,
            () = device.changed() => continue,
        };
        let Some(Asked { id, what }) = asked else {
            device.end().await;
            return;
        };
        let done = |result: Result<(), SubjectError>| result.map(|()| Done {}).map_err(|error| outcome_of(&error));
        match what {
            What::Listen => mouth.answer(id, done(device.listen().await)),
            What::Stimulate(said) => mouth.answer(id, done(device.stimulate((&said.stimulus).into()).await)),
            What::Query(query) => {
                let values = device.look_inside(query.nodes.into_iter().collect()).await;
                mouth.answer(id, values.map(|nodes| NodeValues { nodes }).map_err(|error| outcome_of(&error)));
            }
            What::Close => {
                told.tell(device.as_ref(), &mouth);
                device.end().await;
                return mouth.answer(id, Ok(Done {}));
            }
        }
    }
}

/// What was told of an instance so far.
#[derive(Default)]
struct Told {
    instance: String,
    claims: usize,
    drops: u64,
    has_trouble: bool,
}

impl Told {
    fn tell(&mut self, device: &dyn DeviceInstance, mouth: &Mouth) {
        let claims = device.claims();
        for claim in claims.iter().skip(self.claims) {
            let instance = self.instance.clone();
            mouth.say(&match claim.what.clone() {
                ClaimKind::Prompted { campaign, may_decline } => {
                    DeviceEvent::Prompted { instance, campaign, may_decline }
                }
                ClaimKind::Settled { campaign, code } => DeviceEvent::Settled { instance, campaign, code },
                ClaimKind::Note(text) => DeviceEvent::Note { instance, text },
            });
        }
        self.claims = claims.len();
        let drops = device.kernel_drops();
        if drops != std::mem::replace(&mut self.drops, drops) {
            mouth.say(&DeviceEvent::Dropped { instance: self.instance.clone(), datagrams: drops });
        }
        if let Some(text) = device.trouble().filter(|_| !self.has_trouble) {
            self.has_trouble = true;
            mouth.say(&DeviceEvent::Trouble { instance: self.instance.clone(), text });
        }
    }
}
