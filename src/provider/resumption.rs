//! How a Service Provider goes on after it has ended, in whatever way ([FU-P-1], [SC-POST-1]).

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::delivery::{OutgoingObject, Sender, SessionPlan};
use crate::spec::{SessionId, Timestamp};
use crate::wire::DecodeError;
use crate::wire::announcement::SignedAnnouncement;
use crate::wire::package0::Package0;
use crate::wire::wsp::Push;

use super::broadcast::Broadcast;
use super::conduct::Remembered;
use super::core::{Provider, session_plan, tsi_of};
use super::memory::{Interrupted, Name, Numbers};
use super::store::StoreError;

impl Provider {
    /// Takes up what was kept.
    pub(super) fn resume(&mut self, seed: u64, now: Timestamp) -> Result<(), StoreError> {
        let kept = self.memory.load()?;
        if let Some(numbers) = kept.numbers {
            let sequence =
                if self.conduct.remembers(Remembered::Sequence) { numbers.sequence } else { self.numbers.sequence };
            self.numbers = Numbers { sequence, starts: numbers.starts.saturating_add(1), ..numbers };
            // The same draws once more would be the same nonces once more.
            self.random = ChaCha8Rng::seed_from_u64(seed ^ self.numbers.starts.rotate_left(32));
        }
        self.memory.keep(Name::Numbers, &self.numbers);
        if self.conduct.remembers(Remembered::Records) {
            self.plans = kept.plans;
            self.records.restore(kept.records);
        }
        if self.conduct.remembers(Remembered::Sessions) {
            self.sessions.restore(kept.nonces, kept.sessions);
        }
        if self.conduct.remembers(Remembered::OnAir) {
            for interrupted in kept.interrupted {
                self.air_again(interrupted, now)?;
            }
        }
        self.memory.commit()
    }

    /// Puts a campaign back on the air, from the beginning of the cycle that was broken off.
    fn air_again(&mut self, interrupted: Interrupted, now: Timestamp) -> Result<(), StoreError> {
        let Interrupted { on_air, progress, objects } = interrupted;
        let campaign = on_air.campaign;
        if now >= on_air.expires_at {
            self.memory.forget(Name::OnAir(&campaign));
            self.memory.forget(Name::Progress(&campaign));
            for index in 0..objects.len() {
                self.memory.forget(Name::Object(&campaign, index));
            }
            return Ok(());
        }
        let cycles_before = progress.cycle.saturating_sub(1);
        let session = self.conduct.resumes_as(on_air.session);
        let table = progress.table;
        // An expired table needs another instance; one that holds has the same octets as before.
        let holds = now < table.expires_at;
        let plan = SessionPlan {
            repetitions: on_air.plan.repetitions.saturating_sub(cycles_before).max(1),
            fdt_instance: if holds { table.instance } else { (table.instance + 1) & 0xF_FFFF },
            expires_after: if holds { table.expires_at.since(now) } else { on_air.expires_at.since(now) },
            at_first: (!table.is_complete && cycles_before == 0).then_some(1),
            ..session_plan(&on_air.plan, tsi_of(session))
        };
        let objects = on_air.objects.into_iter().zip(objects);
        let objects = objects.map(|((location, content_type), octets)| OutgoingObject {
            location,
            content_type,
            octets: octets.into(),
        });
        let sender = Sender::new(plan, objects.collect(), now).map_err(|error| StoreError(error.to_string()))?;
        let notification = match session == on_air.session {
            true => on_air.notification,
            false => self.announced_as(&on_air.notification, session)?,
        };
        let channels = self.channels();
        let broadcast = Broadcast::new(campaign, notification, sender, on_air.plan, channels, cycles_before, now);
        self.memory.keep(Name::Progress(&broadcast.campaign), &broadcast.progress());
        self.newest = Some(broadcast.campaign.clone());
        self.on_air.push(broadcast);
        Ok(())
    }

    /// The announcement of a campaign under another SessionID.
    fn announced_as(&self, notification: &[u8], session: SessionId) -> Result<Vec<u8>, StoreError> {
        let unreadable = |error: DecodeError| StoreError(error.to_string());
        let push = Push::decode(notification).map_err(unreadable)?;
        let trigger = Package0::decode(&push.body).map_err(unreadable)?.trigger;
        let mut announcement = SignedAnnouncement::decode(&trigger.vendor).map_err(unreadable)?.announcement;
        announcement.delivery.tsi = tsi_of(session);
        self.notification(session, trigger.ui_mode, &announcement).map_err(|error| StoreError(error.to_string()))
    }
}
