//! The DM Server's memory: nonces of its Devices, and the sessions that are open.
//!
//! Bounds: nonces for the accounts only, at most [`MOST_SESSIONS`] sessions, no session for a stranger and none that is
//! over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::spec::{Account, CampaignId, DeviceId, Timestamp};
use crate::wire::syncml::{Command, Message, SyncHdr};

use super::memory::{Memory, Name};

/// Sessions that are kept at most; those that nobody has proved to be his go first, then the oldest.
const MOST_SESSIONS: usize = 4096;

/// A Device and the SessionID that it chose.
pub(super) type SessionKey = (DeviceId, String);

/// The DM Server's memory of accounts and sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    devices: BTreeMap<DeviceId, Nonces>,
    open: BTreeMap<SessionKey, Session>,
}

/// The nonces between the server and one Device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Nonces {
    /// For the Device's first credential in its next session; none before it has shown one that fits.
    pub(super) client: Option<Vec<u8>>,
    /// For the server's next credential.
    pub(super) server: Vec<u8>,
}

/// One DM session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) is_authenticated: bool,
    /// The nonce of the last challenge in this session. Kept apart from that of the next session: whoever knows a
    /// DevId can provoke a challenge, and must not spoil the Device's own credential by it.
    pub(super) challenge: Option<Vec<u8>>,
    /// Whether the server has shown its own credential.
    pub(super) has_proved_itself: bool,
    /// Whether the server has shown it once more, after the Device refused it.
    pub(super) has_proved_itself_again: bool,
    /// Messages sent, which is the MsgID of the last.
    pub(super) sent: u32,
    /// The server's own commands in the last message, to be repeated if the Device did not trust them.
    pub(super) commands: Vec<Command>,
    /// The CmdID of the first of them.
    pub(super) first_command: u32,
    /// The campaigns whose care commands await their statuses.
    pub(super) care: Vec<CampaignId>,
    /// Whether the provider has restarted since the session began.
    pub(super) is_restored: bool,
    touched: Timestamp,
}

/// A session as it is kept over a restart: one that its Device has proved to be its own, and that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptSession {
    has_proved_itself: bool,
    has_proved_itself_again: bool,
    sent: u32,
    /// The commands, as a message.
    commands: String,
    first_command: u32,
    care: Vec<CampaignId>,
    touched: Timestamp,
}

impl From<&Session> for KeptSession {
    fn from(session: &Session) -> Self {
        let header = SyncHdr {
            session_id: "1".into(),
            msg_id: session.sent,
            target: ".".into(),
            source: ".".into(),
            source_name: None,
            resp_uri: None,
            cred: None,
        };
        Self {
            has_proved_itself: session.has_proved_itself,
            has_proved_itself_again: session.has_proved_itself_again,
            sent: session.sent,
            commands: Message { header, body: session.commands.clone(), is_final: true }.to_xml(),
            first_command: session.first_command,
            care: session.care.clone(),
            touched: session.touched,
        }
    }
}

impl From<KeptSession> for Session {
    fn from(kept: KeptSession) -> Self {
        Self {
            is_authenticated: true,
            challenge: None,
            has_proved_itself: kept.has_proved_itself,
            has_proved_itself_again: kept.has_proved_itself_again,
            sent: kept.sent,
            commands: Message::from_xml(kept.commands.as_bytes()).map(|message| message.body).unwrap_or_default(),
            first_command: kept.first_command,
            care: kept.care,
            is_restored: true,
            touched: kept.touched,
        }
    }
}

impl Sessions {
    /// Takes up what was kept, for the accounts that there still are.
    pub(super) fn restore(&mut self, nonces: BTreeMap<DeviceId, Nonces>, sessions: BTreeMap<SessionKey, KeptSession>) {
        for (device, kept) in nonces {
            self.devices.entry(device).and_modify(|nonces| *nonces = kept);
        }
        let known = sessions.into_iter().filter(|((device, _), _)| self.devices.contains_key(device));
        self.open.extend(known.map(|(key, kept)| (key, kept.into())));
    }

    pub(super) fn new(accounts: &BTreeMap<DeviceId, Account>) -> Self {
        let nonces = |account: &Account| Nonces { client: None, server: account.server_nonce.clone() };
        let devices = accounts.iter().map(|(device, account)| (device.clone(), nonces(account))).collect();
        Self { devices, open: BTreeMap::new() }
    }

    /// The nonces of a Device; `None` for a stranger.
    pub(super) fn nonces(&mut self, device: &DeviceId) -> Option<&mut Nonces> {
        self.devices.get_mut(device)
    }

    /// Takes a session out, to answer message `msg_id` of the Device.
    pub(super) fn take(&mut self, key: &SessionKey, msg_id: u32, now: Timestamp) -> Session {
        // Message 1 begins a session: the same SessionID again is another one, and must prove itself again. A client that
        // counts anew after a challenge is in the same session.
        let known = self.open.remove(key).filter(|session| msg_id != 1 || !session.is_authenticated);
        let mut session = known.unwrap_or_default();
        if !self.devices.contains_key(&key.0) {
            // Nothing is kept for a stranger, but its session goes on as it counts.
            session.sent = msg_id.saturating_sub(1);
        }
        session.sent = session.sent.saturating_add(1);
        session.touched = now;
        session
    }

    /// Keeps a session for the Device's next message; one that the Device has proved to be its own over a restart, too.
    pub(super) fn put(&mut self, key: SessionKey, session: Session, memory: &mut Memory) {
        if !self.devices.contains_key(&key.0) {
            return;
        }
        let is_over = session.is_authenticated && session.commands.is_empty();
        // The first message of a session has nothing before it that would have to be forgotten.
        if is_over && session.sent > 1 {
            memory.forget(Name::Session(&key));
        }
        if is_over {
            return;
        }
        if self.open.len() >= MOST_SESSIONS {
            let oldest = self.open.iter().min_by_key(|(_, session)| (session.is_authenticated, session.touched));
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.open.remove(&key);
                memory.forget(Name::Session(&key));
            }
        }
        if session.is_authenticated {
            memory.keep(Name::Session(&key), &KeptSession::from(&session));
        }
        self.open.insert(key, session);
    }

    /// Sessions that are open.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: usize) -> DeviceId {
        DeviceId::new(format!("urn:x:{index}")).unwrap()
    }

    fn memory() -> Memory {
        Memory::new(Box::new(super::super::store::MemoryStore::default()))
    }

    fn sessions() -> Sessions {
        let account = Account {
            server: crate::spec::ServerId::new("sp.example").unwrap(),
            server_url: "http://sp.example/dm".into(),
            user: "d".into(),
            password: "p".into(),
            server_password: "s".into(),
            server_nonce: b"start".to_vec(),
        };
        Sessions::new(&BTreeMap::from([(device(0), account)]))
    }

    #[test]
    fn strangers_leave_nothing_behind() {
        let mut sessions = sessions();

        let key = (device(1), "1".to_owned());
        for msg_id in 1..=2 {
            let session = sessions.take(&key, msg_id, Timestamp::default());
            assert_eq!(session.sent, msg_id);
            sessions.put(key.clone(), session, &mut memory());
        }

        assert_eq!(sessions.count(), 0);
    }

    #[test]
    fn sessions_that_prove_nothing_give_way_to_one_that_did() {
        let mut sessions = sessions();
        let own = (device(0), "own".to_owned());
        let mut session = sessions.take(&own, 1, Timestamp::default());
        session.is_authenticated = true;
        session.commands = crate::wire::mo::fumo::download_and_update("x", "y", 1);
        sessions.put(own.clone(), session, &mut memory());

        for number in 0..MOST_SESSIONS as u64 + 10 {
            let key = (device(0), format!("{number:X}"));
            let session = sessions.take(&key, 1, Timestamp::from_millis(number + 1));
            sessions.put(key, session, &mut memory());
        }

        assert_eq!(sessions.count(), MOST_SESSIONS);
        assert!(sessions.take(&own, 2, Timestamp::default()).is_authenticated);
    }

    #[test]
    fn a_session_outlives_a_restart_with_its_commands() {
        let commands = crate::wire::mo::fumo::download_and_update("x", "y", 4);
        let session = Session { is_authenticated: true, sent: 2, commands, first_command: 4, ..Session::default() };

        let restored = Session::from(KeptSession::from(&session));

        assert_eq!(format!("{restored:?}"), format!("{:?}", Session { is_restored: true, ..session }));
    }

    #[test]
    fn a_session_that_begins_again_must_prove_itself_again() {
        let mut sessions = sessions();
        let key = (device(0), "1".to_owned());
        let mut session = sessions.take(&key, 1, Timestamp::default());
        session.is_authenticated = true;
        session.commands = crate::wire::mo::fumo::download_and_update("x", "y", 1);
        sessions.put(key.clone(), session, &mut memory());

        let session = sessions.take(&key, 1, Timestamp::default());

        assert!(!session.is_authenticated);
        assert_eq!(session.sent, 1);
    }
}
