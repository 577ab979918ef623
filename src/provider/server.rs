//! The DM Server: authentication, the answer to every command, and care in the session that a report opened.

use rand::RngExt;

use crate::spec::{CampaignId, DeviceId, Timestamp};
use crate::wire::mo::ReportedResult;
use crate::wire::syncml::{
    Alert, Command, Credential, Message, Status, SyncHdr, alert, auth, model::MEDIA_TYPE, status,
};

use super::care;
use super::conduct::Proof;
use super::core::{Answer, Provider, Request};
use super::memory::Name;
use super::session::Session;

/// The message of a session up to which answered care may be given again, by a provider that does so.
const MOST_AGAIN: u32 = 3;

/// Answers one HTTP request.
pub(super) fn handle(provider: &mut Provider, now: Timestamp, request: Request<'_>) -> Answer {
    if !is_syncml(request.content_type) {
        return refusal(415, "a DM message is application/vnd.syncml.dm+xml");
    }
    let message = match Message::from_xml(request.body) {
        Ok(message) => message,
        Err(error) => return refusal(400, &error.to_string()),
    };
    let Ok(device) = DeviceId::new(message.header.source.as_str()) else {
        return refusal(400, "SyncHdr Source is no device id");
    };
    let answer = Exchange { provider, now, device, url: request.url }.answer(&message);
    let answer = provider.conduct.answers(answer);
    // What could not be kept must not be taken for done: the Device reports again.
    match provider.memory.commit() {
        Ok(()) => Answer { status: 200, body: answer.to_xml().into_bytes() },
        Err(error) => refusal(500, &error.to_string()),
    }
}

fn refusal(status: u16, why: &str) -> Answer {
    Answer { status, body: why.as_bytes().to_vec() }
}

/// Whether the media type is SyncML in XML; parameters such as charset are allowed (interop facts).
fn is_syncml(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    [MEDIA_TYPE, "application/vnd.syncml+xml"].iter().any(|known| media_type.eq_ignore_ascii_case(known))
}

/// What authentication came to.
enum Authentication {
    /// The session is the Device's own; a fresh nonce goes with it when it has just shown a credential.
    Accepted { next: Option<Vec<u8>> },
    /// Show a credential, computed with this nonce.
    Challenged { code: u16, nonce: Vec<u8> },
}

struct Exchange<'a> {
    provider: &'a mut Provider,
    now: Timestamp,
    device: DeviceId,
    url: &'a str,
}

impl Exchange<'_> {
    fn answer(mut self, message: &Message) -> Message {
        let key = (self.device.clone(), message.header.session_id.clone());
        let mut session = self.provider.sessions.take(&key, message.header.msg_id, self.now);
        let authentication = self.authenticate(message, &mut session);
        let mut body = Body { msg_ref: message.header.msg_id, commands: Vec::new() };
        match authentication {
            Authentication::Accepted { next } => {
                body.header(message, status::AUTHENTICATION_ACCEPTED, next);
                self.answer_commands(message, &mut session, &mut body);
            }
            Authentication::Challenged { code, nonce } => {
                body.header(message, code, Some(nonce));
                for command in message.body.iter().filter(|command| needs_status(command)) {
                    body.status(command, code);
                }
            }
        }
        let header = self.header(message, &mut session);
        let Provider { sessions, memory, .. } = &mut *self.provider;
        sessions.put(key, session, memory);
        Message { header, body: body.commands, is_final: true }
    }

    fn authenticate(&mut self, message: &Message, session: &mut Session) -> Authentication {
        if session.is_authenticated {
            return Authentication::Accepted { next: None };
        }
        let fresh = self.provider.random.random::<[u8; 16]>().to_vec();
        let account = self.provider.configuration.accounts.get(&self.device);
        // A stranger is told no more than a Device whose password is wrong.
        let code = match &message.header.cred {
            Some(_) => status::INVALID_CREDENTIALS,
            None => status::MISSING_CREDENTIALS,
        };
        let mut proof = if message.header.cred.is_some() { Proof::Wrong } else { Proof::Missing };
        let nonces = self.provider.sessions.nonces(&self.device);
        if let (Some(account), Some(nonces), Some(cred)) = (account, nonces.as_deref(), &message.header.cred) {
            let expected = [session.challenge.as_ref(), nonces.client.as_ref()];
            let fits = |nonce: &Vec<u8>| cred.matches_md5(&account.user, &account.password, nonce);
            if expected.into_iter().flatten().any(fits) {
                proof = Proof::Fits;
            }
        }
        if self.provider.conduct.believes(proof) {
            if let Some(nonces) = nonces {
                nonces.client = Some(fresh.clone());
                self.provider.memory.keep(Name::Nonces(&self.device), nonces);
            }
            session.is_authenticated = true;
            return Authentication::Accepted { next: Some(fresh) };
        }
        session.challenge = Some(fresh.clone());
        Authentication::Challenged { code, nonce: fresh }
    }

    fn header(&mut self, message: &Message, session: &mut Session) -> SyncHdr {
        let server = &self.provider.configuration.server;
        let account = self.provider.configuration.accounts.get(&self.device);
        let nonces = self.provider.sessions.nonces(&self.device);
        let mut cred = None;
        if let (true, false, Some(account), Some(nonces)) =
            (session.is_authenticated, session.has_proved_itself, account, nonces)
        {
            cred = Some(Credential::md5(server.as_str(), &account.server_password, &nonces.server));
            session.has_proved_itself = true;
        }
        SyncHdr {
            session_id: message.header.session_id.clone(),
            msg_id: session.sent,
            target: message.header.source.clone(),
            source: server.to_string(),
            source_name: Some(server.to_string()),
            // A client in the field spins for ever without it (interop facts).
            resp_uri: Some(self.url.to_owned()),
            cred,
        }
    }

    fn answer_commands(&mut self, message: &Message, session: &mut Session, body: &mut Body) {
        let mut follow_up = self.take_statuses(message, session);
        for command in message.body.iter().filter(|command| needs_status(command)) {
            match command {
                Command::Alert(alert) if alert.code == alert::GENERIC => {
                    let code = self.take_alert(alert, session, &mut follow_up);
                    body.status(command, code);
                }
                Command::Alert(_) | Command::Replace(_) | Command::Results(_) => body.status(command, status::OK),
                // A client may send nothing else (OMA DM 1.2 protocol, client package).
                _ => body.status(command, status::COMMAND_NOT_ALLOWED),
            }
        }
        session.commands.clone_from(&follow_up);
        session.first_command = body.next_id();
        body.append(follow_up);
    }

    fn take_alert(&mut self, alert: &Alert, session: &mut Session, follow_up: &mut Vec<Command>) -> u16 {
        let Ok(result) = ReportedResult::from_alert(alert) else {
            return status::UNSUPPORTED_TYPE_OR_FORMAT;
        };
        let campaign = alert.correlator.as_deref().and_then(|correlator| CampaignId::new(correlator).ok());
        let newest = self.provider.newest.clone();
        let campaign = campaign.map(|named| match &newest {
            Some(newest) => self.provider.conduct.belongs_to(&named, newest).clone(),
            None => named,
        });
        let taken =
            campaign.as_ref().and_then(|campaign| self.provider.take_report(self.now, &self.device, campaign, &result));
        let Some((commands, is_care)) = taken else { return status::INCOMPLETE_COMMAND };
        if is_care {
            session.care.extend(campaign);
        }
        follow_up.extend(commands);
        status::OK
    }

    /// Takes the Device's answer to the server's commands; gives them again if the Device did not trust the server.
    ///
    /// Care is complete when the Device has answered its commands with success. When it has not, the commands of the next
    /// step follow in the same session.
    fn take_statuses(&mut self, message: &Message, session: &mut Session) -> Vec<Command> {
        let statuses = || {
            message.body.iter().filter_map(|command| match command {
                Command::Status(status) => Some(status),
                _ => None,
            })
        };
        let commands = std::mem::take(&mut session.commands);
        let of_header = statuses().find(|status| status.cmd_ref == 0);
        let challenge = of_header.and_then(|status| status.chal.as_ref()).filter(|chal| chal.scheme == auth::MD5);
        if let (Some(chal), Some(nonces)) = (challenge, self.provider.sessions.nonces(&self.device)) {
            nonces.server.clone_from(&chal.nonce);
            self.provider.memory.keep(Name::Nonces(&self.device), nonces);
            let is_refused = of_header.is_some_and(|status| is_refusal(status.code));
            if is_refused && !session.has_proved_itself_again {
                session.has_proved_itself = false;
                session.has_proved_itself_again = true;
                return commands;
            }
        }
        let codes = statuses().filter(|status| status.cmd_ref != 0 && status.cmd != "Get");
        let codes: Vec<(u32, u16)> = codes.map(|status| (status.cmd_ref, status.code)).collect();
        let mut next = Vec::new();
        if !codes.is_empty() && !session.care.is_empty() {
            let failing = care::failing(&commands, session.first_command, codes.into_iter());
            // Two messages of care at most, or a Device would have no end of it.
            if failing.is_none() && session.sent <= MOST_AGAIN && self.provider.conduct.gives_again(session.is_restored)
            {
                return commands;
            }
            for campaign in std::mem::take(&mut session.care) {
                let commands = self.provider.care_answered(self.now, &campaign, &self.device, failing.clone());
                if !commands.is_empty() {
                    session.care.push(campaign);
                }
                next.extend(commands);
            }
        }
        next
    }
}

/// Whether a status says that the server's credential is missing or wrong.
fn is_refusal(code: u16) -> bool {
    matches!(code, status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS)
}

fn needs_status(command: &Command) -> bool {
    !matches!(command, Command::Status(_))
}

/// The body of an answer in the making.
struct Body {
    msg_ref: u32,
    commands: Vec<Command>,
}

impl Body {
    fn next_id(&self) -> u32 {
        u32::try_from(self.commands.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn header(&mut self, message: &Message, code: u16, nonce: Option<Vec<u8>>) {
        self.commands.push(Command::Status(Status::of_header(message, code, nonce)));
    }

    fn status(&mut self, command: &Command, code: u16) {
        let cmd_id = self.next_id();
        self.commands.push(Command::Status(Status {
            cmd_id,
            msg_ref: self.msg_ref,
            cmd_ref: command.cmd_id(),
            cmd: command.name().into(),
            target_refs: Vec::new(),
            source_refs: Vec::new(),
            chal: None,
            code,
        }));
    }

    /// Appends commands under ids of this message.
    fn append(&mut self, commands: Vec<Command>) {
        for mut command in commands {
            command.set_cmd_id(self.next_id());
            self.commands.push(command);
        }
    }
}
