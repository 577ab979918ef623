"""The DM Server: it takes reports, records them once, and gives care (section 6)."""

import base64
import logging
import os
from dataclasses import dataclass, field

from . import http, syncml
from .care import Carer, command_from_json, command_to_json, without_ids
from .errors import Refused
from .syncml import Command, Message

LOG = logging.getLogger("provider")
MAX_SESSIONS = 4096
KEPT_SESSIONS = 64
"""Sessions that survive a restart: those of the last moments before it."""


@dataclass
class Account:
    """What the server holds for one Device (section 0.2), from its side."""

    device: str
    user: str
    password: str
    server_password: str
    first_server_nonce: bytes
    first_nonce: bytes | None = None


@dataclass
class DmSession:
    """One session. `plan` is the care that was sent and is not yet answered."""

    device: str
    id: str
    msg_id: int = 0
    authenticated: bool = False
    challenge: bytes | None = None
    server_challenge: bytes | None = None
    proved: bool = False
    where: str = ""
    refused: int = 0
    campaign: str | None = None
    sent: list[Command] = field(default_factory=list)
    seen: dict[int, tuple[bytes, http.Answer]] = field(default_factory=dict)

    def to_json(self) -> dict:
        """All but the answers that were seen, in a form that the store keeps."""
        data = {name: value for name, value in vars(self).items() if name != "seen"}
        data["challenge"], data["server_challenge"] = _text(self.challenge), _text(self.server_challenge)
        data["sent"] = [command_to_json(one) for one in self.sent]
        return data

    @classmethod
    def from_json(cls, data: dict) -> "DmSession":
        """A session that a restart interrupted."""
        return cls(**{**data, "challenge": _octets(data["challenge"]),
                      "server_challenge": _octets(data["server_challenge"]),
                      "sent": [command_from_json(one) for one in data["sent"]]})


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else base64.b64encode(octets).decode()


def _octets(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def new_nonce() -> bytes:
    """A nonce of 16 letters."""
    return base64.b64encode(os.urandom(12))


class DmServer:
    """Answers Devices. `store` keeps nonces and records, `carer` knows the campaigns."""

    def __init__(self, server: str, accounts: dict[str, Account], store, carer: Carer):
        self.server, self.accounts = server, accounts
        self.store, self.carer = store, carer
        kept = map(DmSession.from_json, store.data.setdefault("sessions", []))
        self.sessions: dict[tuple[str, str], DmSession] = {(one.device, one.id): one for one in kept}
        self.overload: dict | None = None

    def _nonces(self, account: Account) -> dict:
        return self.store.data["nonces"].setdefault(account.device, {
            "device": _text(account.first_nonce), "server": _text(account.first_server_nonce)})

    async def answer(self, path: str, headers: dict[str, str], body: bytes) -> http.Answer:
        """One POST of a Device. The server answers at whatever host and path it was asked."""
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in (syncml.CONTENT_TYPE, "application/vnd.syncml+xml"):
            return http.Answer(415)
        try:
            message = syncml.parse(body)
        except Refused as reason:
            LOG.info("a malformed message: %s", reason)
            return http.Answer(400)
        if message.verdtd != "1.2" or message.verproto != "DM/1.2" or not message.source or not message.session:
            return http.Answer(400)
        if self.overload is not None and self.overload.get("left", 1) > 0:
            self.overload["left"] = self.overload.get("left", 1 << 30) - 1
            seconds = self.overload.get("retry_after")
            return http.Answer(503, {} if seconds is None else {"Retry-After": str(seconds)})
        key = (message.source, message.session)
        session = self.sessions.get(key)
        if message.msg_id == 1 or session is None:
            if len(self.sessions) >= MAX_SESSIONS:
                self.sessions.pop(next(iter(self.sessions)))
            self.sessions.pop(key, None)
            session = self.sessions[key] = DmSession(message.source, message.session)
        elif message.msg_id in session.seen:
            same, reply = session.seen[message.msg_id]
            return reply if same == body else http.Answer(400)
        host = headers.get("host", "")
        if not host or any(character in host for character in "/<>& "):
            return http.Answer(400)
        session.where = f"http://{host}{path.partition('?')[0]}"
        self.carer.out_of_patience()
        reply = http.Answer(200, {"Content-Type": syncml.CONTENT_TYPE}, syncml.build(self._reply(session, message)))
        if session.authenticated:
            session.seen = {message.msg_id: (body, reply)}
        self.store.data["sessions"] = [one.to_json() for one in self.sessions.values()][-KEPT_SESSIONS:]
        self.store.save()
        return reply

    def _reply(self, session: DmSession, message: Message) -> Message:
        session.msg_id += 1
        account = self.accounts.get(message.source)
        code, next_nonce = self._authenticate(session, account, message)
        commands = [one for one in message.commands if one.name not in ("Status", "Results")]
        answers = [syncml.header_status(message, code, next_nonce)]
        if code not in (200, 212):
            answers += [syncml.status(one, message.msg_id, code) for one in commands]
            return self._message(session, message, answers, None)
        nonces = self._nonces(account)
        orders = self._take_statuses(session, message, nonces)
        for one in commands:
            status = self._take(session, one)
            answers.append(syncml.status(one, message.msg_id, status))
            if status == 200 and session.campaign is not None and one.data == "1226" and not session.sent:
                orders += self.carer.reads(session.campaign)
                orders += self.carer.orders(session.campaign, session.device)
        if not orders and (owed := self.carer.owed(session.device)) is not None:
            session.campaign, orders = owed
        session.sent = orders or session.sent
        cred = None
        if not session.proved and session.refused < 2:
            nonce = session.server_challenge
            if nonce is None and nonces["server"] is not None:
                nonce = base64.b64decode(nonces["server"])
            cred = syncml.md5_credential(self.server, account.server_password, nonce or b"")
        reply = self._message(session, message, answers + orders, cred)
        syncml.number(reply.commands)
        return reply

    def _message(self, session: DmSession, message: Message, commands: list[Command], cred: str | None) -> Message:
        return Message(session.id, session.msg_id, message.source, self.server, commands,
                       target_name=message.source_name, resp_uri=f"{session.where}?session={session.id}", cred=cred)

    def _authenticate(self, session: DmSession, account: Account | None, message: Message) -> tuple[int, bytes | None]:
        if session.authenticated:
            return 200, None
        nonce = session.challenge
        if account is not None and nonce is None:
            stored = self._nonces(account)["device"]
            nonce = None if stored is None else base64.b64decode(stored)
        fits = account is not None and nonce is not None and message.credential_fits(
            account.user, account.password, nonce) and message.source_name in (None, account.user)
        if fits:
            session.authenticated, session.challenge = True, None
            fresh = new_nonce()
            self._nonces(account)["device"] = base64.b64encode(fresh).decode()
            return 212, fresh
        session.challenge = new_nonce()
        return (407 if message.cred is None else 401), session.challenge

    def _take(self, session: DmSession, command: Command) -> int:
        """The Status for a command of an authenticated Device."""
        if command.name == "Replace":
            return 200
        if command.name != "Alert":
            return 406
        if command.data in ("1200", "1201"):
            return 200
        if command.data != "1226":
            return 406
        if not command.correlator or not command.items:
            return 412
        if self.carer.report(command.correlator, session.device, command.items):
            session.campaign = command.correlator
            return 200
        return 412

    def _take_statuses(self, session: DmSession, message: Message, nonces: dict) -> list[Command]:
        """Judges the Status of what was sent; gives what is to be sent now."""
        statuses = [one for one in message.commands if one.name == "Status"]
        if not statuses:
            return []
        header = next((one for one in statuses if one.cmd_ref == "0"), None)
        if header is not None and header.data in ("401", "407"):
            # The Device wants another credential: once more, with the nonce of its challenge.
            session.refused += 1
            session.server_challenge = header.next_nonce
            if session.refused < 2 and header.next_nonce is not None:
                orders, session.sent = session.sent, []
                for one in orders:
                    without_ids(one)
                return orders
            session.sent = []
            return []
        if header is not None and header.data in ("200", "212"):
            session.proved = True
            if header.next_nonce is not None:
                nonces["server"] = base64.b64encode(header.next_nonce).decode()
        codes: dict[str | None, str | None] = {}
        for one in statuses:
            # Where items have a Status each, the first that is no success counts.
            if 200 <= _code(codes.get(one.cmd_ref, "200")) < 300:
                codes[one.cmd_ref] = one.data
        sent, session.sent = session.sent, []
        if sent and session.campaign is not None:
            outcome = [(one, _code(codes.get(one.id))) for one in _flat(sent) if one.name != "Get"]
            if outcome:
                return self.carer.answered(session.campaign, session.device, outcome)
        return []


def _code(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0


def _flat(commands: list[Command]) -> list[Command]:
    return [one for command in commands for one in [command, *_flat(command.children)]]
