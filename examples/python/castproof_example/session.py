"""One DM session of a Device: it delivers a report and takes what care the server gives (section 6)."""

import base64
import logging
import os
from dataclasses import dataclass

from . import http, syncml
from .errors import Refused
from .syncml import Command, Item, Message
from .tree import Care

LOG = logging.getLogger("device")
MAX_ROUNDS = 32


@dataclass
class Outcome:
    """How an attempt went; `retry_after` in milliseconds."""

    delivered: bool
    overload: bool = False
    retry_after: int = 0


class _Failed(Exception):
    pass


class _Overloaded(Exception):
    pass


def new_nonce() -> bytes:
    """16 octets that nobody can guess, in letters that every implementation takes."""
    return base64.b64encode(os.urandom(12))


class Session:
    """An attempt to deliver one report."""

    def __init__(self, device, registration, report: dict):
        self.device, self.registration, self.report = device, registration, report
        self.url, self.msg_id = registration.url, 0
        number = device.store.data["sessions"] = device.store.data["sessions"] % 0xFFFF + 1
        self.id = f"{number:X}"
        self.nonces = device.nonces(registration)
        self.limit = max(report["retry"] * 1.25, 2000) / 1000
        self.proved = False
        self.challenge: bytes | None = None
        self.retry_after = 0

    async def run(self) -> Outcome:
        """Holds the session. What comes after the report was taken does not undo that."""
        try:
            answer = await self._report()
        except _Overloaded:
            return Outcome(False, True, self.retry_after)
        except (_Failed, Refused, http.BadMessage, OSError, TimeoutError) as error:
            LOG.info("attempt failed: %s %s", type(error).__name__, error)
            return Outcome(False)
        try:
            await self._care(answer)
        except (_Failed, _Overloaded, Refused, http.BadMessage, OSError, TimeoutError) as error:
            LOG.info("session ends: %s %s", type(error).__name__, error)
        return Outcome(True)

    async def _send(self, commands: list[Command], nonce: bytes | None = None) -> Message:
        """Sends the next message; gives the server's."""
        identity, registration = self.device.config.identity, self.registration
        self.msg_id += 1
        cred = None if nonce is None else syncml.md5_credential(registration.user, registration.password, nonce)
        message = Message(self.id, self.msg_id, registration.url, identity.device, commands,
                          source_name=registration.user, cred=cred)
        answer = await http.post(self.url, syncml.build(message), syncml.CONTENT_TYPE, self.limit)
        if answer.status == 503:
            self.retry_after = answer.retry_after()
            raise _Overloaded
        if answer.status != 200:
            raise _Failed(f"HTTP {answer.status}")
        self.retry_after = answer.retry_after()
        reply = syncml.parse(answer.body)
        if reply.session != self.id or reply.source == "" or reply.verproto != "DM/1.2":
            raise _Failed("the answer belongs to another session or protocol")
        if reply.resp_uri:
            self.url = reply.resp_uri
        return reply

    def _status(self, reply: Message, reference: str) -> Command | None:
        return next((one for one in reply.commands if one.name == "Status" and one.cmd_ref == reference
                     and one.msg_ref == str(self.msg_id)), None)

    def _package1(self) -> list[Command]:
        identity = self.device.config.identity
        info = {"DevId": identity.device, "Man": identity.manufacturer, "Mod": identity.model, "DmV": "1.2",
                "Lang": identity.language}
        return [
            Command("Alert", data="1201"),
            Command("Replace", items=[Item(source=f"./DevInfo/{name}", format="chr", data=value)
                                      for name, value in info.items()]),
            Command("Alert", data="1226", correlator=self.report["correlator"],
                    items=[Item(**item) for item in self.report["items"]])]

    async def _report(self) -> Message:
        """Package #1, once more after a challenge."""
        nonce, challenged = self.nonces.own(), False
        while True:
            reply = await self._send(self._package1(), nonce)
            status = self._status(reply, "0")
            if status is None:
                raise _Failed("no Status for the SyncHdr")
            if status.data in ("401", "407"):
                if challenged or status.next_nonce is None:
                    raise _Failed(f"not authenticated: {status.data}")
                nonce, challenged = status.next_nonce, True
                continue
            if status.data in ("417", "503"):
                raise _Overloaded
            if status.data not in ("200", "212"):
                raise _Failed(f"Status {status.data} for the SyncHdr")
            if status.next_nonce is not None:
                self.nonces.set_own(status.next_nonce)
            taken = self._status(reply, "3")
            if taken is None or taken.data not in ("200", "202"):
                raise _Failed(f"the alert was answered by {taken and taken.data}")
            return reply

    def _prove(self, reply: Message) -> int:
        """The Status for the server's SyncHdr: 212, 200, 401 or 407."""
        if reply.cred is None:
            return 200 if self.proved else 407
        registration = self.registration
        candidates = [self.challenge] if self.challenge is not None else self.nonces.of_server()
        for nonce in candidates:
            if reply.credential_fits(registration.server, registration.server_password, nonce):
                self.proved = True
                return 212
        return 200 if self.proved else 401

    async def _care(self, reply: Message) -> None:
        """Answers the server's packages until one holds nothing but Status."""
        refusals = 0
        for _ in range(MAX_ROUNDS):
            code = self._prove(reply)
            commands = [one for one in reply.commands if one.name not in ("Status", "Results")]
            if not commands:
                return
            fresh = None
            if code in (401, 407):
                refusals += 1
                fresh = self.challenge = new_nonce()
                answers = [syncml.status(one, reply.msg_id, code) for one in _flat(commands)]
            else:
                if code == 212:
                    fresh = new_nonce()
                    self.nonces.offer_server(fresh)
                answers = await self._execute(reply, commands)
            reply = await self._send([syncml.header_status(reply, code, fresh), *answers])
            if code == 212:
                self.nonces.settle_server()
            if refusals > 1:
                return

    async def _execute(self, reply: Message, commands: list[Command]) -> list[Command]:
        def later(node: str, component: str | None, correlator: str | None) -> None:
            self.device.care_later(self.registration.server, node, component, correlator, self.report)

        care = Care(self.device, self.registration, later,
                    lambda node, component: self.device.care_context(self.registration, component))
        await care.run(commands)
        answers = [syncml.status(command, reply.msg_id, code) for command, code in care.statuses]
        answers += [Command("Results", msg_ref=str(reply.msg_id), cmd_ref=command.id, items=items)
                    for command, items in care.results]
        return answers


def _flat(commands: list[Command]) -> list[Command]:
    return [one for command in commands for one in [command, *_flat(command.children)]]
