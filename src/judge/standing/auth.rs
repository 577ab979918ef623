//! Credentials and challenges (OMA DM 1.2, security).

use std::collections::HashSet;

use crate::capture::{Ending, Side, Sight};
use crate::spec::Account;
use crate::wire::syncml::{Credential, auth};

use super::scene::{Dialogue, Scene, Turn};
use super::{Look, StandingCheck};

pub(super) static CHECKS: &[StandingCheck] = &[
    StandingCheck {
        requirement: "X-DM-08",
        accepted: "syncml:auth-md5 over user, password and the nonce in force",
        look: credentials,
    },
    StandingCheck {
        requirement: "X-DM-09",
        accepted: "407 to a missing credential and 401 to a wrong one, each with Chal, and then another message with Cred",
        look: challenges,
    },
];

/// A nonce that one side was handed for its next credential.
struct Handed<'a> {
    packet: usize,
    nonce: &'a [u8],
    /// Whether it took the place of every earlier one, and whoever has to use it was told.
    is_binding: bool,
}

/// What is wrong with a credential of an account, given the nonces that were handed out for it before, in order.
///
/// A nonce that was handed out before the last binding one is stale.
fn fault_of(cred: &Credential, fits: impl Fn(&[u8]) -> bool, handed: &[Handed<'_>], packet: usize) -> Option<String> {
    let before = || handed.iter().filter(|handed| handed.packet < packet);
    let binding = before().rposition_of(|handed| handed.is_binding).unwrap_or(0);
    let fitting = before().rposition_of(|handed| fits(handed.nonce));
    match fitting {
        None => Some(format!("`{}`, which fits no nonce that was handed out before", cred.data)),
        Some(index) if index < binding => Some(format!("`{}`, which is computed with a stale nonce", cred.data)),
        Some(_) => None,
    }
}

/// The last position of what fits, for iterators that only go forward.
trait LastPosition: Iterator + Sized {
    fn rposition_of(self, is_it: impl Fn(&Self::Item) -> bool) -> Option<usize> {
        self.enumerate().filter(|(_, item)| is_it(item)).map(|(index, _)| index).last()
    }
}

impl<I: Iterator> LastPosition for I {}

fn form_of(cred: &Credential) -> Option<String> {
    match (cred.scheme.as_str(), cred.format.as_str()) {
        (auth::MD5, "b64") => None,
        (scheme, format) => Some(format!("a credential of type {scheme} in format {format}")),
    }
}

/// The nonces that the server handed to a Device, as they bind it in one session.
fn to_device<'a>(scene: &Scene<'a>, session: &Dialogue<'_>, request: &Turn<'_>) -> Vec<Handed<'a>> {
    let own = scene.dialogues.iter().filter(|dialogue| dialogue.device == session.device);
    let turns = own.flat_map(|dialogue| dialogue.turns.iter().map(move |turn| (dialogue, turn)));
    let handed = turns.filter(|(_, turn)| turn.from == Side::Server).filter_map(|(dialogue, turn)| {
        let status = turn.of_header()?;
        let nonce = status.chal.as_ref()?.nonce.as_slice();
        // That of a challenge counts in its session only, and does not take the place of the one that is kept.
        let counts = status.code / 100 == 2 || std::ptr::eq(dialogue.turns.as_ptr(), session.turns.as_ptr());
        let is_heard = !scene.lost_power(session.device);
        let is_binding = counts && is_heard && !turn.is_meddled && !turn.is_foreign && turn.spot < request.spot;
        Some(Handed { packet: turn.spot.0, nonce, is_binding })
    });
    in_order(handed.collect())
}

/// The nonces that a Device handed to the server. One in a message without an answer may not have been heard: the server may
/// have ended before.
fn to_server<'a>(scene: &Scene<'a>, device: &str, account: &'a Account) -> Vec<Handed<'a>> {
    let first = Handed { packet: 0, nonce: &account.server_nonce, is_binding: true };
    let answered: HashSet<usize> = scene.answers().map(|(_, request, _)| request.spot.0).collect();
    let own = scene.requests().filter(|(dialogue, _)| dialogue.device == device);
    let handed = own.filter_map(|(_, turn)| {
        let nonce = turn.of_header()?.chal.as_ref()?.nonce.as_slice();
        let is_binding = !turn.is_meddled && answered.contains(&turn.spot.0);
        Some(Handed { packet: turn.spot.0, nonce, is_binding })
    });
    in_order(std::iter::once(first).chain(handed).collect())
}

fn in_order(mut handed: Vec<Handed<'_>>) -> Vec<Handed<'_>> {
    handed.sort_by_key(|handed| handed.packet);
    handed
}

fn credentials(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    for (dialogue, turn) in scene.requests() {
        let Some(cred) = &turn.message.header.cred else { continue };
        let fault = form_of(cred).or_else(|| {
            let account = scene.known.devices.get(dialogue.device)?;
            let fits = |nonce: &[u8]| cred.matches_md5(&account.user, &account.password, nonce);
            fault_of(cred, fits, &to_device(scene, dialogue, turn), turn.spot.0)
        });
        let who = scene.timeline.name_of(dialogue.device);
        look.at(turn.spot, fault.map(|fault| format!("the credential of Device {who}: {fault}")));
    }
    for (dialogue, _, answer) in scene.answers() {
        let Some(cred) = &answer.message.header.cred else { continue };
        let fault = form_of(cred).or_else(|| {
            let account = scene.known.server.get(dialogue.device)?;
            let fits = |nonce: &[u8]| cred.matches_md5(account.server.as_str(), &account.server_password, nonce);
            fault_of(cred, fits, &to_server(scene, dialogue.device, account), answer.spot.0)
        });
        look.at(answer.spot, fault.map(|fault| format!("the credential of the DM Server: {fault}")));
    }
    look
}

fn challenges(scene: &Scene<'_>) -> Look {
    let mut look = Look::default();
    // What the relay did may have cost either side an answer, and with it the knowledge of where the session stands.
    let unharmed = scene.answers().filter(|(dialogue, ..)| !dialogue.is_meddled());
    for (dialogue, request, answer) in unharmed {
        if is_accepted_before(dialogue, answer) {
            continue;
        }
        look.at(answer.spot, challenge_fault(scene, dialogue, request, answer));
    }
    for dialogue in scene.dialogues.iter().filter(|dialogue| !dialogue.is_meddled()) {
        let is_challenge = |turn: &&Turn<'_>| {
            turn.from == Side::Server
                && turn.of_header().is_some_and(|status| status.chal.is_some() && status.code / 100 == 4)
        };
        let Some(challenge) = dialogue.turns.iter().find(is_challenge).filter(|turn| !turn.is_foreign) else {
            continue;
        };
        let mut later = dialogue.turns.iter().filter(|turn| turn.from == Side::Client && turn.spot > challenge.spot);
        let device = scene.timeline.name_of(dialogue.device);
        match later.next() {
            Some(retry) => look.hold(retry.spot, retry.message.header.cred.is_some(), || {
                format!("Device {device} answers a challenge without a credential")
            }),
            None => {
                if !scene.lost_power(dialogue.device)
                    && let Some(spot) = went_on(scene, dialogue, challenge)
                    && !was_cut_off(scene, dialogue, challenge, spot)
                {
                    look.at(spot, Some(format!("Device {device} did not answer a challenge, and went on")));
                }
            }
        }
    }
    look
}

/// Whether the session was authenticated before this answer.
fn is_accepted_before(dialogue: &Dialogue<'_>, answer: &Turn<'_>) -> bool {
    let earlier = dialogue.turns.iter().filter(|turn| turn.from == Side::Server && turn.spot < answer.spot);
    earlier.filter_map(|turn| turn.of_header()).any(|status| status.code / 100 == 2)
}

fn challenge_fault(
    scene: &Scene<'_>,
    dialogue: &Dialogue<'_>,
    request: &Turn<'_>,
    answer: &Turn<'_>,
) -> Option<String> {
    let own =
        |status: &&crate::wire::syncml::Status| status.cmd_ref == 0 && status.msg_ref == request.message.header.msg_id;
    let Some(status) = answer.statuses().find(own) else {
        return Some(format!("the DM Server says nothing of the SyncHdr of message {}", request.message.header.msg_id));
    };
    let code = status.code;
    let (name, wanted) = match &request.message.header.cred {
        None => ("missing", 407),
        Some(_) => ("wrong", 401),
    };
    match (code, &request.message.header.cred) {
        (401 | 407, _) if code != wanted => Some(format!("the DM Server answers a {name} credential by {code}")),
        (401 | 407, _) if status.chal.is_none() => Some(format!("the DM Server answers by {code} without Chal")),
        (200..300, None) => Some(format!("the DM Server answers a missing credential by {code}")),
        (200..300, Some(cred)) => {
            let account = scene.known.server.get(dialogue.device)?;
            let handed = to_device(scene, dialogue, request);
            let fits = |nonce: &[u8]| cred.matches_md5(&account.user, &account.password, nonce);
            let is_right = handed.iter().any(|handed| handed.packet < request.spot.0 && fits(handed.nonce));
            (!is_right).then(|| format!("the DM Server answers a wrong credential by {code}"))
        }
        _ => None,
    }
}

/// Where a Device finished a session that it began after the challenge: it had the time to answer that.
fn went_on(scene: &Scene<'_>, challenged: &Dialogue<'_>, challenge: &Turn<'_>) -> Option<super::Spot> {
    let later = scene.dialogues.iter().filter(|dialogue| dialogue.device == challenged.device);
    let mut later = later.filter(|dialogue| dialogue.turns.first().is_some_and(|turn| turn.spot > challenge.spot));
    later.find_map(|dialogue| {
        let accepted = dialogue
            .turns
            .iter()
            .find(|turn| turn.from == Side::Server && turn.of_header().is_some_and(|status| status.code / 100 == 2))?;
        Some(accepted.spot)
    })
}

/// Whether the DM Server went away before a challenge could be answered: it ended the connection of the challenge, or did not
/// take one or cut one off, before the Device was served again. A connection that carried another Device's messages excuses
/// nobody else; whose one was that carried none, the wire does not say.
fn was_cut_off(scene: &Scene<'_>, challenged: &Dialogue<'_>, challenge: &Turn<'_>, served: super::Spot) -> bool {
    let is_of_another = |connection| {
        let carried = |dialogue: &&Dialogue<'_>| dialogue.turns.iter().any(|turn| turn.connection == connection);
        scene.dialogues.iter().find(carried).is_some_and(|dialogue| dialogue.device != challenged.device)
    };
    let between = scene.timeline.sightings.iter().filter(|one| challenge.spot.0 < one.frame && one.frame < served.0);
    between.into_iter().any(|sighting| match sighting.what {
        Sight::ConnectionClosed { how: Ending::Refused | Ending::Reset(Side::Server), connection, .. } => {
            !is_of_another(connection)
        }
        Sight::ConnectionClosed { how: Ending::Closed(Side::Server), connection, .. } => {
            connection == challenge.connection
        }
        _ => false,
    })
}
