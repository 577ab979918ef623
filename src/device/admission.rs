//! The order of refusal: form, registration, digest, signature, sequence and expiry, target, rollout (profile section 5).
//!
//! The first that fails ends it, before any join, prompt, download or report.

use sha2::{Digest, Sha256};

use crate::spec::{
    Announcement, BasisPoints, CampaignId, DeviceId, SequenceNumber, ServerId, SessionId, Timestamp, UpdateKind,
};
use crate::wire::DecodeError;
use crate::wire::announcement::{self, SignedAnnouncement};
use crate::wire::package0::{self, Package0};
use crate::wire::wsp::Push;

use super::conduct::{Aspect, Conduct};
use super::configuration::{DeviceConfiguration, Registration};
use super::state::DeviceState;

/// Why a Device does not act on a notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The octets are not a notification of the profile.
    #[error("malformed: {0}")]
    Form(#[from] DecodeError),
    /// The Device is not registered with this provider ([FU-PRE-1]).
    #[error("not registered with `{0}`")]
    NotRegistered(ServerId),
    /// The digest does not fit the group account.
    #[error("digest of another group account")]
    Digest,
    /// The key is not among the trust anchors, or the signature is wrong ([FU-GAP-3]).
    #[error("not signed by the registered provider")]
    Signature,
    /// The campaign is the one already accepted; a repetition is not an error ([FU-NF-1]).
    #[error("repetition of a campaign that is known")]
    Repetition,
    /// The sequence number is not above the highest accepted ([FU-GAP-5]).
    #[error("sequence number is not above the highest accepted")]
    Sequence,
    /// The announcement has expired ([FU-GAP-5]).
    #[error("expired")]
    Expired,
    /// The campaign is for other Devices ([FU-NF-2]).
    #[error("for other Devices")]
    Target,
    /// The rollout is over ([FU-GAP-2]). The campaign counts as accepted all the same.
    #[error("outside the rollout")]
    Rollout,
    /// The Device carries as many campaigns as it can; a repetition may find it free.
    #[error("busy with other campaigns")]
    Busy,
}

/// A notification that the Device trusts, whether or not it is for this Device.
#[derive(Debug)]
pub(super) struct Authentic {
    pub(super) server: ServerId,
    pub(super) session: SessionId,
    pub(super) announcement: Announcement,
}

/// Carries out the steps up to trust and freshness.
pub(super) fn authenticate(
    configuration: &DeviceConfiguration,
    state: &DeviceState,
    conduct: &dyn Conduct,
    now: Timestamp,
    octets: &[u8],
) -> Result<Authentic, Refusal> {
    let form = conduct.form();
    let push = Push::decode_as(octets, form)?;
    let package0 = Package0::decode_as(&push.body, form)?;
    let trigger = &package0.trigger;
    let (mut announcement, signed) = match SignedAnnouncement::decode_as(&trigger.vendor, form) {
        Ok(signed) => (signed.announcement.clone(), Some(signed)),
        Err(error) => {
            (announcement::decode(&trigger.vendor).ok().filter(|_| conduct.reads_unsigned()).ok_or(error)?, None)
        }
    };

    let registration = configuration.registrations.iter().find(|registration| registration.server == trigger.server);
    if !conduct.serves(registration.is_some()) {
        return Err(Refusal::NotRegistered(trigger.server.clone()));
    }
    // Only a broken Device goes on without a registration, and then without what it would need for these checks.
    if let Some(registration) = registration {
        // Both are judged over the octets as they came.
        let octets = &push.body[package0::DIGEST..];
        if !conduct.fits_digest(package0.verify_octets(octets, &registration.group)) {
            return Err(Refusal::Digest);
        }
        let header = &octets[..octets.len() - trigger.vendor.len()];
        let is_signed = signed.as_ref().is_none_or(|signed| is_authentic(registration, conduct, signed, header));
        if !conduct.trusts(is_signed) {
            return Err(Refusal::Signature);
        }
    }

    announcement.expires_at = conduct.expiry(announcement.expires_at);
    check_freshness(state, conduct, now, &trigger.server, &announcement)?;
    Ok(Authentic { server: trigger.server.clone(), session: trigger.session, announcement })
}

/// Whether a trust anchor of the registration has signed an announcement together with the trigger header before it.
fn is_authentic(
    registration: &Registration,
    conduct: &dyn Conduct,
    signed: &SignedAnnouncement,
    header: &[u8],
) -> bool {
    let revoked = registration.revoked.iter().filter(|_| !conduct.heeds_revocation());
    let anchors = registration.keys.iter().chain(revoked);
    let mut tried = anchors.filter(|(id, _)| conduct.tries_key(**id == signed.key)).map(|(_, key)| key);
    tried.any(|key| signed.verify(key, header).is_ok() || (!conduct.binds_trigger() && signed.verify(key, &[]).is_ok()))
}

/// What a notification announces, trusted or not.
pub(super) fn announced(octets: &[u8]) -> Option<Announcement> {
    announced_by(octets).map(|(_, announcement)| announcement)
}

/// What a notification announces, trusted or not, and in whose name.
pub(super) fn announced_by(octets: &[u8]) -> Option<(ServerId, Announcement)> {
    let trigger = Package0::decode(&Push::decode(octets).ok()?.body).ok()?.trigger;
    let signed = SignedAnnouncement::decode(&trigger.vendor).ok()?;
    Some((trigger.server, signed.announcement))
}

fn check_freshness(
    state: &DeviceState,
    conduct: &dyn Conduct,
    now: Timestamp,
    server: &ServerId,
    announcement: &Announcement,
) -> Result<(), Refusal> {
    let accepted = state.accepted.get(server);
    let is_same = |sequence: SequenceNumber, campaign: &CampaignId| {
        sequence == announcement.sequence && campaign == &announcement.campaign
    };
    // A campaign that is still going on is known, also when another with a higher number came after it.
    let is_running = state
        .runs
        .iter()
        .any(|run| run.server == *server && is_same(run.announcement.sequence, &run.announcement.campaign));
    let is_known = is_running || accepted.is_some_and(|(sequence, campaign)| is_same(*sequence, campaign));
    if conduct.recognises_repetition(is_known) {
        return Err(Refusal::Repetition);
    }
    let is_above = is_known || accepted.is_none_or(|(highest, _)| conduct.is_above(announcement.sequence, *highest));
    if !conduct.finds_fresh(is_above) {
        return Err(Refusal::Sequence);
    }
    if now >= announcement.expires_at || !conduct.takes_up(announcement.issued_at) {
        return Err(Refusal::Expired);
    }
    Ok(())
}

/// Whether a trusted campaign is for this Device.
pub(super) fn check_relevance(
    configuration: &DeviceConfiguration,
    state: &DeviceState,
    conduct: &dyn Conduct,
    announcement: &Announcement,
) -> Result<(), Refusal> {
    let is_match = matches_target(configuration, state, conduct, announcement);
    if conduct.takes_part(is_match) { Ok(()) } else { Err(Refusal::Target) }
}

fn matches_target(
    configuration: &DeviceConfiguration,
    state: &DeviceState,
    conduct: &dyn Conduct,
    announcement: &Announcement,
) -> bool {
    let traits = &configuration.traits;
    let target = &announcement.target;
    let is_one_of = |wanted: &[String], actual: &str| wanted.is_empty() || wanted.iter().any(|one| one == actual);
    let in_share = target
        .share
        .is_none_or(|share| conduct.belongs_to(share, is_in_share(&traits.id, &announcement.campaign, "", share)));
    let in_group = target.groups.is_empty() || target.groups.iter().any(|group| traits.groups.contains(group));
    // A Device that does not know its area is in none.
    let in_area = target.areas.is_empty() || traits.area.as_ref().is_some_and(|area| target.areas.contains(area));
    let aspects = [
        (Aspect::Manufacturer, target.manufacturer.as_ref().is_none_or(|wanted| *wanted == traits.manufacturer)),
        (Aspect::Model, target.model.as_ref().is_none_or(|wanted| *wanted == traits.model)),
        (Aspect::Hardware, is_one_of(&target.hardware_versions, &traits.hardware_version)),
        (Aspect::Group, in_group),
        (Aspect::Area, in_area),
    ];
    let is_in_reach = aspects.into_iter().all(|(aspect, does)| conduct.matches(aspect, does));
    is_in_reach && in_share && fits_version(state, conduct, announcement)
}

/// Whether the installed version is one that the campaign updates.
pub(super) fn fits_version(state: &DeviceState, conduct: &dyn Conduct, announcement: &Announcement) -> bool {
    let target = &announcement.target;
    let installed = match announcement.kind {
        UpdateKind::Firmware => Some(&state.firmware),
        UpdateKind::Software => {
            // Software without a component is for no Device.
            let Some(id) = &target.component else { return false };
            state.components.get(id).map(|component| &component.version)
        }
        UpdateKind::Provisioning => return true,
    };
    let starts_here =
        target.from_versions.is_empty() || installed.is_some_and(|installed| target.from_versions.contains(installed));
    // A component that is not there can be installed, but not updated from a version. The same version again is no update,
    // and an older one would be a roll-back.
    let is_newer = match (&target.resulting_version, installed) {
        (Some(resulting), Some(installed)) => conduct.is_newer(resulting, installed),
        (None, _) | (_, None) => true,
    };
    conduct.matches(Aspect::FromVersion, starts_here) && is_newer
}

/// Whether a Device belongs to a share, decided by a hash so that it always decides alike (profile section 5).
pub(super) fn is_in_share(device: &DeviceId, campaign: &CampaignId, purpose: &str, share: BasisPoints) -> bool {
    let mut hash = Sha256::new();
    hash.update(device.as_str());
    hash.update([0]);
    hash.update(campaign.as_str());
    if !purpose.is_empty() {
        hash.update([0]);
        hash.update(purpose);
    }
    let digest = hash.finalize();
    let draw = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 10_000;
    draw < u32::from(share.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_of(points: u16) -> usize {
        let share = BasisPoints::new(points).unwrap();
        let campaign = CampaignId::new("spring-patch").unwrap();
        (0..2_000)
            .filter(|index| is_in_share(&DeviceId::new(format!("urn:x:{index}")).unwrap(), &campaign, "", share))
            .count()
    }

    #[test]
    fn a_share_of_nothing_and_of_everything_are_exact() {
        assert_eq!(share_of(0), 0);
        assert_eq!(share_of(10_000), 2_000);
    }

    #[test]
    fn a_quarter_is_about_a_quarter() {
        // The hash is fixed, so this is no random test: it pins the figure that the profile's formula gives.
        let taking_part = share_of(2_500);

        assert!((400..600).contains(&taking_part), "{taking_part} of 2,000");
    }
}
