//! A DM session from the Device's side: one report, then whatever the server asks (profile section 6).

use std::time::Duration;

use crate::spec::{Account, DeviceTraits};
use crate::wire::syncml::{
    Alert, Command, Credential, Item, Items, Message, Meta, Results, Status, SyncHdr, alert, auth, status,
};

use super::campaign::RunId;
use super::conduct::{Conduct, Duty};
use super::tree::{ItemStatus, Tree, is_success};

/// Messages of a Device in one session at most; a server that never ends is left.
const MOST_MESSAGES: u32 = 32;

/// DM Status 417, with which a server asks to come back later; not in the tables of DM 1.2, seen in the field.
const RETRY_LATER: u16 = 417;
/// DM Status 503, which some servers take over from HTTP.
const OVERLOADED: u16 = 503;

/// A session in progress. It does not survive a restart: the report does, and opens a new one.
#[derive(Debug)]
pub(super) struct ClientSession {
    /// The campaign whose report opened the session.
    pub(super) campaign: RunId,
    id: u16,
    msg_id: u32,
    /// Where the next message goes: the account's URL, then the server's RespURI.
    pub(super) url: String,
    alert: Alert,
    /// How long an answer is waited for at least (profile section 5.7).
    pub(super) patience: Duration,
    challenges: u8,
    /// The server proved itself with its credential; 212 said that it need not again in this session.
    server_is_trusted: bool,
    is_delivered: bool,
}

/// What follows a server's message.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this message.
    Send(Box<Message>),
    /// The session is over.
    Over {
        /// Whether the server has taken the report.
        is_delivered: bool,
        /// Whether the server said that it is busy.
        is_busy: bool,
    },
}

/// The secrets of a session, from the account and the state document.
pub(super) struct Secrets<'a> {
    pub(super) account: &'a Account,
    pub(super) conduct: &'a dyn Conduct,
    pub(super) client_nonce: &'a mut Option<Vec<u8>>,
    pub(super) server_nonce: &'a mut Vec<u8>,
    /// Random octets for the server's next credential, should this message hand out a nonce.
    pub(super) fresh_nonce: [u8; 16],
}

impl ClientSession {
    pub(super) fn new(campaign: RunId, id: u16, account: &Account, alert: Alert, patience: Duration) -> Self {
        Self {
            campaign,
            id,
            msg_id: 0,
            url: account.server_url.clone(),
            alert,
            patience,
            challenges: 0,
            server_is_trusted: false,
            is_delivered: false,
        }
    }

    /// Whether the server has taken the report.
    pub(super) fn is_delivered(&self) -> bool {
        self.is_delivered
    }

    fn session_id(&self) -> String {
        format!("{:X}", self.id)
    }

    fn header(&mut self, account: &Account, traits: &DeviceTraits, cred: Option<Credential>) -> SyncHdr {
        self.msg_id += 1;
        SyncHdr {
            session_id: self.session_id(),
            msg_id: self.msg_id,
            target: self.url.clone(),
            source: traits.id.to_string(),
            source_name: Some(account.user.clone()),
            resp_uri: None,
            cred,
        }
    }

    /// Package #1: Alert 1201, DevInfo, and the report.
    pub(super) fn package_1(&mut self, traits: &DeviceTraits, secrets: &Secrets<'_>) -> Message {
        let account = secrets.account;
        // Without a nonce there is nothing to compute a credential with; the server challenges.
        let cred = secrets.client_nonce.as_ref().map(|nonce| Credential::md5(&account.user, &account.password, nonce));
        let header = self.header(account, traits, cred);
        let dev_info = [
            ("./DevInfo/DevId", traits.id.as_str()),
            ("./DevInfo/Man", &traits.manufacturer),
            ("./DevInfo/Mod", &traits.model),
            ("./DevInfo/DmV", "1.2"),
            ("./DevInfo/Lang", "en"),
        ];
        let items = dev_info.map(|(node, value)| Item {
            source: Some(node.into()),
            meta: Meta { format: Some("chr".into()), ..Meta::default() },
            data: Some(value.to_owned()),
            ..Item::default()
        });
        let mut report = self.alert.clone();
        report.cmd_id = 3;
        let body = vec![
            Command::Alert(Alert { cmd_id: 1, code: alert::CLIENT_INITIATED, correlator: None, items: Vec::new() }),
            Command::Replace(Items { cmd_id: 2, items: items.to_vec() }),
            Command::Alert(report),
        ];
        Message { header, body, is_final: true }
    }

    /// Takes a server's message and says what follows.
    pub(super) fn handle(&mut self, message: &Message, tree: &mut Tree<'_>, secrets: &mut Secrets<'_>) -> Next {
        // An answer to somebody else is no answer.
        if u16::from_str_radix(&message.header.session_id, 16) != Ok(self.id) {
            return self.over(false);
        }
        let statuses = || {
            message.body.iter().filter_map(|command| match command {
                Command::Status(status) if status.msg_ref == self.msg_id => Some(status),
                _ => None,
            })
        };
        let of_header = statuses().find(|status| status.cmd_ref == 0).cloned();
        let of_report = statuses().find(|status| status.cmd_ref == 3 && self.challenges_allow(status.msg_ref)).cloned();

        if let Some(next) = of_header.as_ref().and_then(|status| status.chal.as_ref())
            && next.scheme == auth::MD5
            && (of_header.as_ref().is_none_or(|status| !is_success(status.code))
                || !secrets.conduct.neglects(Duty::AdoptTheNextNonce))
        {
            *secrets.client_nonce = Some(next.nonce.clone());
        }
        if let Some(uri) = &message.header.resp_uri {
            self.url.clone_from(uri);
        }
        match of_header.as_ref().map(|status| status.code) {
            Some(status::INVALID_CREDENTIALS | status::MISSING_CREDENTIALS) => {
                return self.answer_challenge(tree, secrets);
            }
            Some(code) if !is_success(code) => return self.over(matches!(code, RETRY_LATER | OVERLOADED)),
            Some(_) => {}
            None => return self.over(false),
        }
        if of_report.is_some_and(|status| matches!(status.code, status::OK | status::ACCEPTED_FOR_PROCESSING)) {
            self.is_delivered = true;
        }
        self.carry_out(message, tree, secrets)
    }

    /// The report stands in the first message and is repeated after a challenge; no other message holds it.
    fn challenges_allow(&self, msg_ref: u32) -> bool {
        msg_ref == u32::from(self.challenges) + 1
    }

    fn over(&self, is_busy: bool) -> Next {
        Next::Over { is_delivered: self.is_delivered, is_busy }
    }

    fn answer_challenge(&mut self, tree: &Tree<'_>, secrets: &Secrets<'_>) -> Next {
        // One challenge is how a session begins or a stale nonce is replaced; a second means wrong credentials.
        if self.challenges > 0 || secrets.client_nonce.is_none() {
            return self.over(false);
        }
        self.challenges += 1;
        Next::Send(Box::new(self.package_1(tree.traits, secrets)))
    }

    /// Runs the server's commands and answers each with its status.
    fn carry_out(&mut self, message: &Message, tree: &mut Tree<'_>, secrets: &mut Secrets<'_>) -> Next {
        let commands: Vec<&Command> =
            message.body.iter().filter(|command| !matches!(command, Command::Status(_))).collect();
        if commands.is_empty() || self.msg_id >= MOST_MESSAGES {
            return self.over(false);
        }
        let is_trusted = self.server_is_trusted || secrets.conduct.trusts_server(is_server(message, secrets));
        let code = match (&message.header.cred, is_trusted) {
            (_, true) => status::AUTHENTICATION_ACCEPTED,
            (Some(_), false) => status::INVALID_CREDENTIALS,
            (None, false) => status::MISSING_CREDENTIALS,
        };
        let mut answers = Answers::new(message.header.msg_id);
        if !self.server_is_trusted {
            *secrets.server_nonce = secrets.fresh_nonce.to_vec();
        }
        self.server_is_trusted = is_trusted;
        answers.header(message, code, secrets.server_nonce);
        for command in commands {
            if is_trusted { answers.run(command, tree) } else { answers.refuse(command, code) }
        }
        let header = self.header(secrets.account, tree.traits, None);
        Next::Send(Box::new(Message { header, body: answers.into_body(), is_final: true }))
    }
}

/// Whether the message carries the server's own credential (interop: server authentication is real).
fn is_server(message: &Message, secrets: &Secrets<'_>) -> bool {
    let account = secrets.account;
    message
        .header
        .cred
        .as_ref()
        .is_some_and(|cred| cred.matches_md5(account.server.as_str(), &account.server_password, secrets.server_nonce))
}

/// Package #3 in the making.
struct Answers {
    msg_ref: u32,
    body: Vec<Command>,
    /// Come after every status.
    results: Vec<Results>,
}

impl Answers {
    fn new(msg_ref: u32) -> Self {
        Self { msg_ref, body: Vec::new(), results: Vec::new() }
    }

    fn next_id(&self) -> u32 {
        u32::try_from(self.body.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn into_body(mut self) -> Vec<Command> {
        for mut results in std::mem::take(&mut self.results) {
            results.cmd_id = self.next_id();
            self.body.push(Command::Results(results));
        }
        self.body
    }

    fn header(&mut self, message: &Message, code: u16, next: &[u8]) {
        self.body.push(Command::Status(Status::of_header(message, code, Some(next.to_vec()))));
    }

    fn status(&mut self, command: &Command, target: Option<String>, code: u16) {
        let status = Status {
            cmd_id: self.next_id(),
            msg_ref: self.msg_ref,
            cmd_ref: command.cmd_id(),
            cmd: command.name().into(),
            target_refs: target.into_iter().collect(),
            source_refs: Vec::new(),
            chal: None,
            code,
        };
        self.body.push(Command::Status(status));
    }

    fn refuse(&mut self, command: &Command, code: u16) {
        self.status(command, None, code);
    }

    fn run(&mut self, command: &Command, tree: &mut Tree<'_>) {
        match command {
            Command::Get(items) => self.get(command, items, tree),
            Command::Sequence(group) => {
                self.status(command, None, status::OK);
                for inner in &group.commands {
                    self.run(inner, tree);
                }
            }
            Command::Atomic(group) => {
                let statuses = tree.run(std::slice::from_ref(command));
                let failed = statuses.iter().any(|item| !is_success(item.status));
                self.status(command, None, if failed { status::ATOMIC_FAILED } else { status::OK });
                self.inner_statuses(&group.commands, &statuses);
            }
            Command::Replace(_) | Command::Add(_) | Command::Delete(_) => {
                let statuses = tree.run(std::slice::from_ref(command));
                self.statuses(command, &statuses);
            }
            // A package for one Device would come over another channel than this profile has.
            Command::Exec(exec) => {
                self.status(command, exec.item.target.clone(), status::OPTIONAL_FEATURE_NOT_SUPPORTED);
            }
            Command::Alert(_) | Command::Results(_) | Command::Status(_) => {
                self.status(command, None, status::OPTIONAL_FEATURE_NOT_SUPPORTED);
            }
        }
    }

    fn statuses(&mut self, command: &Command, items: &[ItemStatus]) {
        for item in items {
            self.status(command, Some(item.node.clone()), item.status);
        }
    }

    /// The statuses of the commands inside an Atomic, from those of all its items in order.
    fn inner_statuses(&mut self, commands: &[Command], mut items: &[ItemStatus]) {
        for inner in commands {
            let (own, others) = items.split_at(item_count(inner).min(items.len()));
            items = others;
            match inner {
                Command::Sequence(group) | Command::Atomic(group) => {
                    let failed = own.iter().any(|item| !is_success(item.status));
                    self.status(inner, None, if failed { status::COMMAND_FAILED } else { status::OK });
                    self.inner_statuses(&group.commands, own);
                }
                _ => self.statuses(inner, own),
            }
        }
    }

    fn get(&mut self, command: &Command, items: &Items, tree: &Tree<'_>) {
        for item in &items.items {
            let node = item.target.clone().unwrap_or_default();
            match tree.get(&node) {
                Ok(value) => {
                    self.status(command, Some(node.clone()), status::OK);
                    let item = Item {
                        source: Some(node),
                        meta: Meta { format: Some(value.format.into()), ..Meta::default() },
                        data: Some(value.text),
                        ..Item::default()
                    };
                    let results =
                        Results { cmd_id: 0, msg_ref: self.msg_ref, cmd_ref: command.cmd_id(), items: vec![item] };
                    self.results.push(results);
                }
                Err(code) => self.status(command, Some(node), code),
            }
        }
    }
}

fn item_count(command: &Command) -> usize {
    match command {
        Command::Replace(items) | Command::Add(items) | Command::Delete(items) => items.items.len(),
        Command::Sequence(group) | Command::Atomic(group) => group.commands.iter().map(item_count).sum(),
        _ => 1,
    }
}
