//! What vendors' adapters have said in a scenario, and what of it the wire or the kernel contradicts.

use super::Running;
use crate::judge::{Word, contradictions};
use crate::net::kernel;
use crate::spec::CampaignId;
use crate::stage::cast::notification_channel;
use crate::subject::ClaimKind;

impl Running {
    /// What of the words of vendors' adapters was contradicted, each in a sentence.
    pub(in crate::stage) fn contradictions(&self) -> Vec<String> {
        let found = contradictions(&self.words(), &self.recorder.timeline());
        self.contradicted.iter().cloned().chain(found).collect()
    }

    /// Whether Devices are a vendor's, and can be asked what their trees hold.
    pub(in crate::stage) fn asks_devices(&self) -> bool {
        self.is_foreign.0
    }

    /// Keeps what vendors' Devices said of their management trees.
    pub(in crate::stage) fn said_inside(&mut self, words: Vec<Word>) {
        self.inside = words;
    }

    /// Whether the kernel knows of a Device that says that it listens.
    pub(super) fn look_for_membership(&mut self, device: &str) {
        let Some(brief) = self.briefs.get(device).filter(|_| self.is_foreign.0 && self.lab.shows_members()) else {
            return;
        };
        let Some(entry) = brief.channels.get(&notification_channel()) else { return };
        // Who is registered with nobody has nothing to listen for.
        let has_reason = !brief.configuration.registrations.is_empty();
        if has_reason && kernel::is_member(entry.group, entry.interface) == Some(false) {
            self.contradicted
                .push(format!("Device {device} says that it listens, and nobody is a member of {}", entry.group));
        }
    }

    fn words(&self) -> Vec<Word> {
        let (device_is_foreign, provider_is_foreign) = self.is_foreign;
        let claims = self.claims().into_iter().filter(|_| device_is_foreign);
        let word = |(device, kind)| match kind {
            ClaimKind::Settled { campaign, code } => {
                Some(Word::Settled { device, campaign: campaign.to_string(), code })
            }
            ClaimKind::Prompted { campaign, .. } => Some(Word::Prompted { device, campaign: campaign.to_string() }),
            ClaimKind::Note(_) => None,
        };
        let of_devices = claims.filter_map(|(device, claim)| word((device, claim.what)));
        let campaigns = self.broadcasted.iter().filter(|_| provider_is_foreign);
        let of_provider = campaigns.flat_map(|entry| {
            let pushed = entry
                .sequence
                .map(|sequence| Word::Pushed { campaign: entry.campaign.to_string(), sequence: sequence.0 });
            pushed.into_iter().chain(self.recorded(&entry.campaign))
        });
        of_devices.chain(of_provider).chain(self.inside.iter().cloned()).collect()
    }

    /// What the provider's record said of a campaign when it was last looked up.
    fn recorded(&self, campaign: &CampaignId) -> Vec<Word> {
        let Some(provider) = &self.provider else { return Vec::new() };
        let record = |(name, id)| {
            let code = provider.record(campaign, id)?.code;
            Some(Word::Recorded { device: String::clone(name), campaign: campaign.to_string(), code })
        };
        self.ids.iter().filter_map(record).collect()
    }
}
