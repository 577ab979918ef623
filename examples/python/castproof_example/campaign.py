"""The life of one accepted campaign in a Device, from reception to its result.

Everything that matters is in `record`, which the store keeps: so the campaign goes on after a
restart with the times that it drew before.
"""

import asyncio
import copy
import logging

from . import codes, settings, syncml, triggers
from .announcement import EVERYBODY, FAILURES, FIRMWARE, MANDATORY, NOBODY, PROVISIONING, share_number
from .codes import Failure
from .errors import Refused
from .reception import MAX_OBJECT, Reception
from .syncml import Item
from .updates import Context, Result, Software, check

LOG = logging.getLogger("device")
FUMO_TYPE = "org.openmobilealliance.dm.firmwareupdate."
SCOMO_TYPE = "urn:oma:at:scomo:1.0:OperationComplete"
PROVISIONING_TYPE = "urn:castproof:at:provisioning:1"


class Dropped(Exception):
    """The campaign ends without a result."""


def update_alert(kind: int, component: str | None, result: Result) -> Item:
    """The Item of a Generic Alert about firmware or software."""
    mark = "informational" if codes.good(result.code) else "critical"
    if kind == FIRMWARE:
        operation = (result.node or "./FUMO/DownloadAndUpdate").split("/")[-1].lower()
        return Item(source="./FUMO", type=FUMO_TYPE + operation, format="int", mark=mark, data=str(result.code))
    node = result.node or f"./SCOMO/Download/{component}/Operations/DownloadInstall"
    name = syncml.xmltext.escape(component or "")
    return Item(source=node, type=SCOMO_TYPE, format="xml", mark=mark,
                data=f"<ResultCode>{result.code}</ResultCode><Identifier>{name}</Identifier>")


class Campaign:
    """One campaign that goes on. `device` gives the store, the clock and everything around."""

    def __init__(self, device, record: dict, trigger: triggers.Trigger):
        self.device, self.record, self.it = device, record, trigger.it
        self.session, self.server = f"{trigger.package.session:X}", trigger.package.server
        self.clock, self.store = device.clock, device.store
        self.reception = Reception(self.it, self.store, self.clock, record.get("fdt_expiry"),
                                   lambda: device.config.world.moment("once-received"))
        self.message: syncml.Message | None = None

    def join(self) -> None:
        """Joins the delivery channel, unless the transmission is over. Nothing may delay this."""
        if self.record.get("end") is None:
            self.device.receive(self.reception)
        else:
            self.reception.end = self.record["end"]

    async def run(self) -> None:
        """Lives until the result is known and its report, if any, is due."""
        record = self.record
        try:
            if "result" not in record:
                self._result(await self._carry_out())
            record["end"] = await self.reception.ended()
            self._schedule_report()
        except Dropped as reason:
            LOG.info("campaign %s ends without a result: %s", self.it.campaign, reason)
        finally:
            record["fdt_expiry"] = self.reception.expiry
            self.device.release(self.reception)
        record["phase"] = "done"
        self.store.save()

    def _result(self, result: dict) -> None:
        self.record["result"] = {**result, "at": self.clock.now()}
        self.record["fdt_expiry"] = self.reception.expiry
        self.record.pop("before", None)
        self.device.log_result(self.it, result["code"])
        self.store.save()

    async def _carry_out(self) -> dict:
        """Receives, asks and executes; gives the result."""
        content = asyncio.create_task(self._content())
        consent = asyncio.create_task(self._consent())
        try:
            await asyncio.wait({content, consent}, return_when=asyncio.FIRST_COMPLETED)
            if consent.done() and not consent.result():
                return self._failed(codes.DECLINED)
            if content.done():
                content.result()
                if not await consent:
                    return self._failed(codes.DECLINED)
            await content
        except Failure as failure:
            LOG.info("campaign %s fails: %s", self.it.campaign, failure)
            if self.it.not_after is not None and self.clock.now() > self.it.not_after:
                raise Dropped("'not after' passed before it could begin") from None
            return self._failed(failure.pair)
        finally:
            for task in (content, consent):
                task.cancel()
            await asyncio.gather(content, consent, return_exceptions=True)
            self.device.withdraw_prompt(self.it.campaign)
        await self._wait_for_start()
        async with self.device.installing:
            self._still_wanted()
            record = self.record
            # A second beginning starts from where the first one started.
            part = "settings" if self.it.kind == PROVISIONING else "software"
            if "before" in record:
                self.store.data[part] = copy.deepcopy(record["before"])
            else:
                record["before"] = copy.deepcopy(self.store.data[part])
            record["phase"] = "installing"
            self.store.save()
            return await (self._provision() if self.it.kind == PROVISIONING else self._update())

    def _failed(self, pair: tuple[int, int], node: str | None = None) -> dict:
        firmware = self.store.data["software"]["firmware"]
        if self.it.kind == FIRMWARE and pair in (codes.DAMAGED, codes.RECEPTION, codes.NO_ROOM, codes.BAD_URL):
            # A package that waits goes only when a Command that replaces it is carried out.
            if firmware["state"] != 50:
                firmware["state"], firmware["waiting"] = 20, None
        if self.it.kind == PROVISIONING:
            return {"code": pair[0], "alert": None, "timing": None}
        result = Result(pair[0 if self.it.kind == FIRMWARE else 1], node)
        return self._update_result(result)

    def _update_result(self, result: Result) -> dict:
        it = self.it
        item = update_alert(it.kind, it.target.component, result)
        reporting = it.reporting
        wanted = {NOBODY: False, FAILURES: not codes.good(result.code), EVERYBODY: True}[reporting.who]
        return {"code": result.code, "alert": [vars(item)] if wanted and self._sampled() else None,
                "timing": [reporting.offset, reporting.window, reporting.attempts, reporting.retry]}

    def _sampled(self) -> bool:
        sample = self.it.reporting.sample
        number = share_number(self.device.config.identity.device, self.it.campaign, "sample")
        return sample is None or number < sample

    async def _content(self) -> None:
        """Waits for the Command and what it needs; Failure when something is wrong or missing."""
        it, command = self.it, self.it.command.location
        octets = await self.reception.object(command)
        self._note_expiry()
        if octets is None:
            raise Failure(codes.DAMAGED if self.reception.was_damaged(command) else codes.RECEPTION)
        self.message = message = self._parse(octets)
        if it.kind == PROVISIONING:
            self.reception.want(set())
            if settings.forbidden(message.commands, self.schedule_root):
                raise Failure(codes.BAD, "the Command names a forbidden node")
            return
        try:
            steps = check(message, it.campaign, it.kind, it.target.component,
                          self.device.config.registrations[self.server].denies)
        except Failure:
            self.reception.want(set())
            raise
        named = {(step.item.data or "").strip() for step in steps if step.action.startswith("url:")}
        needed = named & {ref.location for ref in it.packages}
        self.reception.want(needed)
        sizes = [ref.size for ref in it.packages if ref.location in needed]
        if needed and self.device.config.world.storage_full or max(sizes, default=0) > MAX_OBJECT:
            raise Failure(codes.NO_ROOM)
        if needed and it.kind == FIRMWARE and self.store.data["software"]["firmware"]["state"] in (20, 80, 90, 100):
            self.store.data["software"]["firmware"]["state"] = 10
        for location in needed:
            if await self.reception.object(location) is None:
                raise Failure(codes.DAMAGED if self.reception.was_damaged(location) else codes.RECEPTION)
        self._note_expiry()

    def _note_expiry(self) -> None:
        self.record["fdt_expiry"] = self.reception.expiry
        self.store.save()

    @property
    def schedule_root(self) -> str:
        """The root of this campaign's exception schedule."""
        return f"./ExceptionSchedule/{self.it.campaign}"

    def _parse(self, octets: bytes) -> syncml.Message:
        try:
            message = syncml.parse(octets)
        except Refused as error:
            raise Failure(codes.BAD, str(error)) from None
        right = (message.verdtd == "1.2" and message.verproto == "DM/1.2" and message.session == self.session
                 and message.msg_id == 1 and message.target == "urn:castproof:broadcast"
                 and message.source == self.server and message.cred is None and message.final
                 and message.namespace == syncml.NAMESPACE)
        if not right:
            raise Failure(codes.BAD, "the header of the Command is not that of the profile")
        return message

    async def _consent(self) -> bool:
        """Asks the End User, if the campaign wants that; False when the answer is no."""
        it, record, clock = self.it, self.record, self.clock
        await clock.until(it.not_before or 0)
        if it.consent is None or record.get("approved"):
            return True
        mandatory, longest = it.consent[0] == MANDATORY, it.consent[1]
        offered = record.setdefault("offered", clock.now())
        self.store.save()
        latest = 1 << 62 if it.not_after is None else it.not_after
        limit = min(latest, offered + longest if mandatory else it.expires)
        if mandatory and longest == 0:
            return self._approve(True)
        while clock.now() < limit:
            await clock.until(min(limit, record.get("ask_at", 0)))
            if clock.now() >= limit:
                break
            answer, pause = await self._ask(mandatory, limit)
            if answer == "approved":
                return self._approve(False)
            if answer == "declined" and not mandatory:
                return False
            if answer == "postponed":
                record["ask_at"] = clock.now() + pause
                self.store.save()
        return self._approve(True) if mandatory else False

    def _approve(self, forced: bool) -> bool:
        self.record["approved"], self.record["forced"] = True, forced
        self.store.save()
        return True

    async def _ask(self, mandatory: bool, limit: int) -> tuple[str | None, int]:
        """One prompt: the answer, None when its time is over, and for how long it is put off."""
        prompt = asyncio.ensure_future(self.device.prompt(self.it, mandatory, limit))
        timer = asyncio.ensure_future(self.clock.until(limit))
        try:
            await asyncio.wait({prompt, timer}, return_when=asyncio.FIRST_COMPLETED)
            return prompt.result() if prompt.done() else (None, 0)
        finally:
            prompt.cancel()
            timer.cancel()

    async def _wait_for_start(self) -> None:
        it, record = self.it, self.record
        if "start" not in record:
            spread = self.device.random.uniform(0, it.start_window)
            record["start"] = max(it.not_before or 0, record["accepted"]) + int(spread)
            self.store.save()
        if not record.get("forced"):
            limit = record["start"] if it.not_after is None else min(record["start"], it.not_after + 1)
            await self.clock.until(limit)

    def _still_wanted(self) -> None:
        it, record = self.it, self.record
        if record["phase"] == "installing":
            return
        if it.not_after is not None and self.clock.now() > it.not_after:
            # A forced installation falls due at "not after" itself; it may be a moment late.
            if not (record.get("forced") and self.clock.now() <= it.not_after + 2000):
                raise Dropped("'not after' has passed")
        if it.kind != PROVISIONING and not triggers.updates(self.device.installed(it), it):
            raise Dropped("another campaign was faster")

    async def _update(self) -> dict:
        config, it = self.device.config, self.it
        registration = config.registrations[self.server]
        context = Context(it.kind, it.target.component, it.target.version, registration.keys,
                          vars(config.identity), self.reception.octets, config.world, self.clock, self.store,
                          {ref.location for ref in it.packages})
        software = Software(self.store.data["software"])
        if it.kind == FIRMWARE and software.data["firmware"]["state"] in (20, 80, 90, 100):
            software.data["firmware"]["state"] = 10
        return self._update_result(await software.carry_out(self.message, context))

    async def _provision(self) -> dict:
        """Carries out settings, looks the failures up in the schedule."""
        leaves, commands = settings.take_schedule(self.message.commands, self.schedule_root)
        rules = settings.schedule(leaves)
        denies = self.device.config.registrations[self.server].denies
        outcomes = settings.Settings(self.store.data, self.device.config.world).run(commands, denies)
        failed = [one for one in outcomes if one.failed]
        reporting = self.it.reporting
        timing = [reporting.offset, reporting.window, reporting.attempts, reporting.retry]

        def item(source: str, code: int, mark: str) -> dict:
            return vars(Item(source=source, type=PROVISIONING_TYPE, format="int", mark=mark, data=str(code)))

        if not failed:
            wanted = reporting.who == EVERYBODY and self._sampled()
            alert = [item("./Settings", 200, "informational")] if wanted else None
            return {"code": 200, "alert": alert, "timing": timing}
        code = failed[0].status
        for one in failed:
            rule = settings.look_up(rules or [], one.node, one.status)
            if rule is not None and rule.report:
                alert = [item("./Settings", code, "critical")]
                alert += [item(entry.node, entry.status, "critical") for entry in failed]
                return {"code": code, "alert": alert, "timing": [rule.offset, rule.window, rule.attempts, rule.retry]}
        return {"code": code, "alert": None, "timing": None}

    def _schedule_report(self) -> None:
        """Draws the deadline of section 5.7, once, and hands the report over."""
        result = self.record["result"]
        if result["alert"] is None or self.record.get("handed"):
            return
        offset, window, attempts, retry = result["timing"]
        random = self.device.random
        deadline = self.record["end"] + offset + int(random.uniform(0, window))
        if result["at"] > deadline:
            deadline = result["at"] + offset + int(random.uniform(0, window))
        self.record["handed"] = True
        self.device.hand_over({
            "server": self.server, "correlator": self.it.campaign, "items": result["alert"], "due": deadline,
            "attempts": attempts, "retry": retry, "window": window, "overloads": 0,
            "begun": self.record["phase"] == "installing"})


