"""SyncML DM 1.2 messages in XML: model, reading and writing."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from . import xmltext
from .errors import Refused

NAMESPACE = "SYNCML:SYNCML1.2"
MAX_MESSAGE = 1 << 20
CONTENT_TYPE = "application/vnd.syncml.dm+xml"
GROUPS = ("Atomic", "Sequence")
COMMANDS = ("Alert", "Add", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Status", *GROUPS)


def md5_credential(user: str, password: str, nonce: bytes) -> str:
    """The Data of a Cred of type syncml:auth-md5."""
    account = base64.b64encode(hashlib.md5(f"{user}:{password}".encode()).digest())
    return base64.b64encode(hashlib.md5(account + b":" + nonce).digest()).decode()


@dataclass
class Item:
    """One Item of a command."""

    source: str | None = None
    target: str | None = None
    format: str | None = None
    type: str | None = None
    mark: str | None = None
    data: str | None = None

    @property
    def octets(self) -> bytes:
        """The data, decoded when its Format is b64 or bin; ValueError when it does not decode."""
        text = self.data or ""
        if self.format in ("b64", "bin"):
            return base64.b64decode("".join(text.split()), validate=True)
        return text.encode()


@dataclass
class Command:
    """One command; which fields count depends on its name."""

    name: str
    id: str = ""
    items: list[Item] = field(default_factory=list)
    data: str | None = None
    correlator: str | None = None
    children: list["Command"] = field(default_factory=list)
    msg_ref: str | None = None
    cmd_ref: str | None = None
    cmd: str | None = None
    target_ref: str | None = None
    source_ref: str | None = None
    next_nonce: bytes | None = None


@dataclass
class Message:
    """One message. `cred` is the Data of a Cred of type syncml:auth-md5, "" one of another type."""

    session: str
    msg_id: int
    target: str
    source: str
    commands: list[Command] = field(default_factory=list)
    source_name: str | None = None
    target_name: str | None = None
    resp_uri: str | None = None
    cred: str | None = None
    final: bool = True
    verdtd: str = "1.2"
    verproto: str = "DM/1.2"
    namespace: str = NAMESPACE

    def credential_fits(self, user: str, password: str, nonce: bytes) -> bool:
        """Whether the Cred is the one of this account."""
        return self.cred is not None and hmac.compare_digest(
            self.cred.encode(), md5_credential(user, password, nonce).encode())


def _item(element) -> Item:
    meta = xmltext.child(element, "Meta")
    data = xmltext.child(element, "Data")
    return Item(xmltext.text(element, "Source", "LocURI"), xmltext.text(element, "Target", "LocURI"),
                xmltext.text(meta, "Format"), xmltext.text(meta, "Type"), xmltext.text(meta, "Mark"),
                None if data is None else "".join(data.itertext()))


def _command(element) -> Command:
    name = element.tag
    result = Command(name, xmltext.text(element, "CmdID") or "", [_item(e) for e in xmltext.children(element, "Item")],
                     xmltext.text(element, "Data"), xmltext.text(element, "Correlator"))
    common = xmltext.child(element, "Meta")
    for item in result.items:
        # The Meta of a command counts for items that have none of their own.
        item.format = item.format or xmltext.text(common, "Format")
        item.type = item.type or xmltext.text(common, "Type")
    if name in GROUPS:
        result.children = [_command(e) for e in element if e.tag in COMMANDS]
    if name in ("Status", "Results"):
        result.msg_ref, result.cmd_ref = xmltext.text(element, "MsgRef"), xmltext.text(element, "CmdRef")
        result.cmd, result.target_ref = xmltext.text(element, "Cmd"), xmltext.text(element, "TargetRef")
        nonce = xmltext.text(element, "Chal", "Meta", "NextNonce")
        if nonce is not None:
            try:
                result.next_nonce = base64.b64decode(nonce, validate=True)
            except (binascii.Error, ValueError):
                raise Refused("a NextNonce is no base64") from None
    return result


def parse(octets: bytes) -> Message:
    """Reads a message; Refused when it is malformed."""
    root = xmltext.parse(octets, MAX_MESSAGE)
    header, body = xmltext.child(root, "SyncHdr"), xmltext.child(root, "SyncBody")
    if xmltext.local(root.tag) != "SyncML" or header is None or body is None:
        raise Refused("no SyncML message with header and body")
    number = xmltext.text(header, "MsgID") or ""
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused("MsgID is no number")
    cred = xmltext.child(header, "Cred")
    data = None
    if cred is not None:
        right = xmltext.text(cred, "Meta", "Type") == "syncml:auth-md5"
        data = (xmltext.text(cred, "Data") or "") if right else ""
    message = Message(
        xmltext.text(header, "SessionID") or "", int(number),
        xmltext.text(header, "Target", "LocURI") or "", xmltext.text(header, "Source", "LocURI") or "",
        source_name=xmltext.text(header, "Source", "LocName"), target_name=xmltext.text(header, "Target", "LocName"),
        resp_uri=xmltext.text(header, "RespURI"), cred=data, final=xmltext.child(body, "Final") is not None,
        verdtd=xmltext.text(header, "VerDTD") or "", verproto=xmltext.text(header, "VerProto") or "",
        namespace=root.tag[1:].partition("}")[0] if root.tag.startswith("{") else "")
    message.commands = [_command(e) for e in body if e.tag in COMMANDS]
    return message


class _Writer:
    def __init__(self):
        self.lines = ['<?xml version="1.0" encoding="UTF-8"?>']
        self.depth = 0

    def leaf(self, name: str, value, attributes: str = "") -> None:
        if value is not None:
            text = xmltext.escape(str(value))
            self.lines.append(f"{'  ' * self.depth}<{name}{attributes}>{text}</{name}>")

    def meta(self, name: str, value) -> None:
        self.leaf(name, value, ' xmlns="syncml:metinf"')

    def open(self, name: str) -> None:
        self.lines.append(f"{'  ' * self.depth}<{name}>")
        self.depth += 1

    def close(self, name: str) -> None:
        self.depth -= 1
        self.lines.append(f"{'  ' * self.depth}</{name}>")

    def place(self, name: str, uri: str | None, label: str | None = None) -> None:
        if uri is not None:
            inner = f"<LocURI>{xmltext.escape(uri)}</LocURI>"
            if label is not None:
                inner += f"<LocName>{xmltext.escape(label)}</LocName>"
            self.lines.append(f"{'  ' * self.depth}<{name}>{inner}</{name}>")

    def metas(self, format=None, type=None, mark=None, next_nonce=None) -> None:
        if not any(value is not None for value in (format, type, mark, next_nonce)):
            return
        self.open("Meta")
        if mark is not None:
            self.meta("Type", type)
            self.meta("Format", format)
        else:
            self.meta("Format", format)
            self.meta("Type", type)
        self.meta("Mark", mark)
        if next_nonce is not None:
            self.meta("NextNonce", base64.b64encode(next_nonce).decode())
        self.close("Meta")

    def item(self, item: Item) -> None:
        self.open("Item")
        self.place("Target", item.target)
        self.place("Source", item.source)
        self.metas(item.format, item.type, item.mark)
        self.leaf("Data", item.data)
        self.close("Item")

    def command(self, command: Command) -> None:
        self.open(command.name)
        self.leaf("CmdID", command.id)
        self.leaf("MsgRef", command.msg_ref)
        self.leaf("CmdRef", command.cmd_ref)
        self.leaf("Cmd", command.cmd)
        self.leaf("TargetRef", command.target_ref)
        self.leaf("SourceRef", command.source_ref)
        if command.next_nonce is not None:
            self.open("Chal")
            self.metas("b64", "syncml:auth-md5", None, command.next_nonce)
            self.close("Chal")
        self.leaf("Data", command.data)
        self.leaf("Correlator", command.correlator)
        for item in command.items:
            self.item(item)
        for child in command.children:
            self.command(child)
        self.close(command.name)


def build(message: Message) -> bytes:
    """The octets of a message. Commands without an id are numbered in document order."""
    number(message.commands)
    out = _Writer()
    out.lines.append(f'<SyncML xmlns="{NAMESPACE}">')
    out.depth = 1
    out.open("SyncHdr")
    out.leaf("VerDTD", message.verdtd)
    out.leaf("VerProto", message.verproto)
    out.leaf("SessionID", message.session)
    out.leaf("MsgID", message.msg_id)
    out.place("Target", message.target, message.target_name)
    out.place("Source", message.source, message.source_name)
    out.leaf("RespURI", message.resp_uri)
    if message.cred is not None:
        out.open("Cred")
        out.metas("b64", "syncml:auth-md5")
        out.leaf("Data", message.cred)
        out.close("Cred")
    out.close("SyncHdr")
    out.open("SyncBody")
    for command in message.commands:
        out.command(command)
    if message.final:
        out.lines.append("    <Final/>")
    out.close("SyncBody")
    out.close("SyncML")
    return "\n".join([*out.lines, ""]).encode()


def number(commands: list[Command], start: int = 1) -> int:
    """Gives every command without an id the next number; returns the number after the last."""
    for command in commands:
        if not command.id:
            command.id = str(start)
        start += 1
        start = number(command.children, start)
    return start


def status(command: Command, msg_ref: int, code: int, next_nonce: bytes | None = None) -> Command:
    """The Status that answers a command."""
    only = command.items[0] if len(command.items) == 1 else Item()
    return Command("Status", msg_ref=str(msg_ref), cmd_ref=command.id, cmd=command.name, data=str(code),
                   next_nonce=next_nonce, target_ref=only.target)


def header_status(message: Message, code: int, next_nonce: bytes | None = None) -> Command:
    """The Status that answers a SyncHdr."""
    return Command("Status", msg_ref=str(message.msg_id), cmd_ref="0", cmd="SyncHdr", data=str(code),
                   target_ref=message.target, source_ref=message.source, next_nonce=next_nonce)
