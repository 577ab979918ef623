//! An instance that is open behind an adapter, whatever its role.

use std::cell::Cell;
use std::marker::PhantomData;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::Adapter;
use super::conversation::Conversation;
use super::heard::InstanceState;
use crate::adapter::{Ask, Close, Verbs};
use crate::findings::chain;
use crate::net::Clock;
use crate::subject::{Claim, SubjectError};

/// An instance. Dropping it closes it without waiting.
pub(super) struct Instance<V: Verbs>
where
    Close: Ask<V>,
{
    pub(super) adapter: Rc<Adapter>,
    conversation: Rc<Conversation>,
    /// Its name in the scenario, for people.
    pub(super) title: String,
    /// The name by which the adapter knows it.
    pub(super) name: String,
    state: Arc<Mutex<InstanceState>>,
    is_open: Cell<bool>,
    verbs: PhantomData<V>,
}

impl<V: Verbs> Instance<V>
where
    Close: Ask<V>,
{
    /// A process, a folder and a name for an instance that is to be opened next; `label` is what its name begins
    /// with, and `clock` what it goes by.
    pub(super) async fn prepare(
        adapter: &Rc<Adapter>,
        title: &str,
        label: &str,
        folder: &Path,
        clock: Clock,
    ) -> Result<Self, SubjectError> {
        let conversation = adapter.conversation(title).await?;
        std::fs::create_dir_all(folder).map_err(|error| SubjectError::Refused {
            name: title.to_owned(),
            reason: format!("make its folder: {error}"),
        })?;
        let name = adapter.name_instance(label);
        let state = conversation.enter(&name, clock.unset());
        Ok(Self {
            adapter: adapter.clone(),
            conversation,
            title: title.to_owned(),
            name,
            state,
            is_open: Cell::new(true),
            verbs: PhantomData,
        })
    }

    /// Has it opened. One that could not be is closed before anybody else takes its place: the adapter may have half of it.
    pub(super) async fn open<A: Ask<V>>(self, open: A) -> Result<(Self, A::Ok), SubjectError> {
        match self.ask("open", open).await {
            Ok(said) => Ok((self, said)),
            Err(error) => {
                // Whatever is answered is right: there may be nothing to close.
                let _ =
                    self.conversation.ask(Close { instance: self.name.clone() }, self.adapter.answer_within()).await;
                self.is_open.set(false);
                self.conversation.leave(&self.name);
                Err(error)
            }
        }
    }

    pub(super) async fn ask<A: Ask<V>>(&self, what: &str, ask: A) -> Result<A::Ok, SubjectError> {
        self.adapter.ask(&self.conversation, &self.title, what, ask).await
    }

    pub(super) fn claims(&self) -> Vec<Claim> {
        InstanceState::lock(&self.state).claims.clone()
    }

    pub(super) fn kernel_drops(&self) -> u64 {
        InstanceState::lock(&self.state).drops
    }

    /// What it says kept it from doing its part.
    pub(super) fn excuse(&self) -> Option<String> {
        InstanceState::lock(&self.state).trouble.clone()
    }

    /// What the adapter did wrong by it, in words.
    pub(super) fn faults(&self) -> Vec<String> {
        let faults = InstanceState::lock(&self.state).faults.clone();
        faults.into_iter().map(|fault| format!("{fault} ({})", self.title)).collect()
    }

    /// Closes it, and waits until its adapter says so; gives all that went wrong by it, the end included.
    pub(super) async fn end(self) -> Vec<String> {
        if self.conversation.ending().is_none() {
            let closed = self.ask("close", Close { instance: self.name.clone() }).await;
            self.is_open.set(false);
            self.conversation.leave(&self.name);
            match closed {
                Ok(_) => {}
                Err(error @ SubjectError::Adapter { .. }) => InstanceState::lock(&self.state).blame(chain(&error)),
                Err(error) => self.adapter.warn(chain(&error)),
            }
        }
        self.faults()
    }
}

impl<V: Verbs> Drop for Instance<V>
where
    Close: Ask<V>,
{
    fn drop(&mut self) {
        if self.is_open.get() {
            self.conversation.leave(&self.name);
            self.conversation.tell::<V, _>(Close { instance: self.name.clone() });
        }
    }
}
