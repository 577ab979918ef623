//! What a SyncML DM 1.2 message says.

/// The media type of a SyncML DM 1.2 document in XML.
pub const MEDIA_TYPE: &str = "application/vnd.syncml.dm+xml";

/// A whole SyncML document: one message of a package, or a Command that is broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The header.
    pub header: SyncHdr,
    /// The commands of the body, in document order.
    pub body: Vec<Command>,
    /// Whether the body ends with `Final`: this message ends its package.
    pub is_final: bool,
}

/// `SyncHdr`. VerDTD is always 1.2 and VerProto always DM/1.2; anything else is refused on reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncHdr {
    /// `SessionID`, 1 to 4 characters.
    pub session_id: String,
    /// `MsgID`.
    pub msg_id: u32,
    /// `Target/LocURI`.
    pub target: String,
    /// `Source/LocURI`.
    pub source: String,
    /// `Source/LocName`: the user name of the credential.
    pub source_name: Option<String>,
    /// `RespURI`: where the peer is to send its next message.
    pub resp_uri: Option<String>,
    /// `Cred`.
    pub cred: Option<Credential>,
}

/// `Cred`: the scheme named in `Meta/Type`, the format in `Meta/Format`, and the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// `syncml:auth-md5` or `syncml:auth-basic`.
    pub scheme: String,
    /// Mostly `b64`.
    pub format: String,
    /// The data as text, still encoded.
    pub data: String,
}

/// `Chal/Meta`: the scheme that is wanted and the nonce for the next credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextNonce {
    /// `syncml:auth-md5`.
    pub scheme: String,
    /// The nonce, decoded from base64.
    pub nonce: Vec<u8>,
}

/// A command of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `Status`.
    Status(Status),
    /// `Alert`.
    Alert(Alert),
    /// `Replace`.
    Replace(Items),
    /// `Add`.
    Add(Items),
    /// `Delete`.
    Delete(Items),
    /// `Get`.
    Get(Items),
    /// `Results`.
    Results(Results),
    /// `Exec`.
    Exec(Exec),
    /// `Sequence`: the commands inside are executed in order.
    Sequence(Group),
    /// `Atomic`: all of the commands inside take effect, or none.
    Atomic(Group),
}

/// A command that is only a list of items: Replace, Add, Delete, Get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// `CmdID`.
    pub cmd_id: u32,
    /// The items, at least one.
    pub items: Vec<Item>,
}

/// A command that holds commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `CmdID`.
    pub cmd_id: u32,
    /// The commands inside.
    pub commands: Vec<Command>,
}

/// `Exec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// `CmdID`.
    pub cmd_id: u32,
    /// `Correlator`, echoed by the Generic Alert that tells the result.
    pub correlator: Option<String>,
    /// The item that names the node to execute.
    pub item: Item,
}

/// `Alert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// `CmdID`.
    pub cmd_id: u32,
    /// `Data`: the alert code, such as 1201 or 1226.
    pub code: u32,
    /// `Correlator`.
    pub correlator: Option<String>,
    /// The items.
    pub items: Vec<Item>,
}

/// `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `CmdID`.
    pub cmd_id: u32,
    /// `MsgRef`.
    pub msg_ref: u32,
    /// `CmdRef`; 0 is the SyncHdr.
    pub cmd_ref: u32,
    /// `Cmd`: the name of the command that is answered.
    pub cmd: String,
    /// `TargetRef`s.
    pub target_refs: Vec<String>,
    /// `SourceRef`s.
    pub source_refs: Vec<String>,
    /// `Chal`.
    pub chal: Option<NextNonce>,
    /// `Data`: the status code.
    pub code: u16,
}

impl Status {
    /// The answer to the SyncHdr of `message`, which is the first command of every answer, with an auth-md5 challenge when
    /// a nonce is given (Representation Protocol 1.2, `Status`).
    pub fn of_header(message: &Message, code: u16, nonce: Option<Vec<u8>>) -> Self {
        Self {
            cmd_id: 1,
            msg_ref: message.header.msg_id,
            cmd_ref: 0,
            cmd: "SyncHdr".into(),
            target_refs: vec![message.header.target.clone()],
            source_refs: vec![message.header.source.clone()],
            chal: nonce.map(|nonce| NextNonce { scheme: super::auth::MD5.into(), nonce }),
            code,
        }
    }
}

/// `Results`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// `CmdID`.
    pub cmd_id: u32,
    /// `MsgRef`.
    pub msg_ref: u32,
    /// `CmdRef`.
    pub cmd_ref: u32,
    /// The items: `Source` is the node, `Data` its value.
    pub items: Vec<Item>,
}

/// `Item`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// `Target/LocURI`.
    pub target: Option<String>,
    /// `Source/LocURI`.
    pub source: Option<String>,
    /// `Meta`.
    pub meta: Meta,
    /// `Data`.
    pub data: Option<String>,
}

/// `Meta` of an item. Written in the order Type, Format, Mark.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// `Type`.
    pub media_type: Option<String>,
    /// `Format`.
    pub format: Option<String>,
    /// `Mark`: the importance of a Generic Alert.
    pub mark: Option<String>,
}

impl Command {
    /// The element's name, as `Status/Cmd` repeats it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "Status",
            Self::Alert(_) => "Alert",
            Self::Replace(_) => "Replace",
            Self::Add(_) => "Add",
            Self::Delete(_) => "Delete",
            Self::Get(_) => "Get",
            Self::Results(_) => "Results",
            Self::Exec(_) => "Exec",
            Self::Sequence(_) => "Sequence",
            Self::Atomic(_) => "Atomic",
        }
    }

    /// The command's `CmdID`.
    pub fn cmd_id(&self) -> u32 {
        match self {
            Self::Status(status) => status.cmd_id,
            Self::Alert(alert) => alert.cmd_id,
            Self::Replace(items) | Self::Add(items) | Self::Delete(items) | Self::Get(items) => items.cmd_id,
            Self::Results(results) => results.cmd_id,
            Self::Exec(exec) => exec.cmd_id,
            Self::Sequence(group) | Self::Atomic(group) => group.cmd_id,
        }
    }
}

impl Command {
    /// Numbers the command; a builder that does not know the message leaves this to whoever does.
    pub fn set_cmd_id(&mut self, id: u32) {
        match self {
            Self::Status(status) => status.cmd_id = id,
            Self::Alert(alert) => alert.cmd_id = id,
            Self::Replace(items) | Self::Add(items) | Self::Delete(items) | Self::Get(items) => items.cmd_id = id,
            Self::Results(results) => results.cmd_id = id,
            Self::Exec(exec) => exec.cmd_id = id,
            Self::Sequence(group) | Self::Atomic(group) => group.cmd_id = id,
        }
    }
}

impl Item {
    /// An item that names a node.
    pub fn for_target(node: impl Into<String>) -> Self {
        Self { target: Some(node.into()), ..Self::default() }
    }

    /// An item that sets a node to text.
    pub fn text(node: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            target: Some(node.into()),
            meta: Meta { format: Some("chr".into()), ..Meta::default() },
            data: Some(value.into()),
            ..Self::default()
        }
    }
}
