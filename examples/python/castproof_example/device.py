"""The Device: it listens, accepts campaigns, keeps them going over restarts, and reports."""

import asyncio
import base64
import logging
import random as random_module

from . import net, triggers
from .announcement import FIRMWARE, Announcement
from .campaign import Campaign, update_alert
from .clock import Clock
from .config import DeviceConfig
from .errors import Refused
from .reception import Reception
from .session import Session
from .store import Store
from .syncml import Item
from .updates import Context, Result, Software, Step, action

LOG = logging.getLogger("device")
MAX_CAMPAIGNS = 16
KEPT_CAMPAIGNS = 8
LONGEST_WINDOW = 24 * 3600 * 1000


class Nonces:
    """The nonces of both directions for one provider, as they are stored."""

    def __init__(self, store: Store, registration):
        self.store = store
        first = registration.first_nonce
        self.data = store.data["nonces"].setdefault(registration.server, {
            "own": None if first is None else base64.b64encode(first).decode(),
            "server": base64.b64encode(registration.first_server_nonce).decode(), "offered": None})

    def own(self) -> bytes | None:
        return None if self.data["own"] is None else base64.b64decode(self.data["own"])

    def set_own(self, nonce: bytes) -> None:
        self.data["own"] = base64.b64encode(nonce).decode()
        self.store.save()

    def of_server(self) -> list[bytes]:
        """The nonces that the server may use: also one of which it is not sure that it arrived."""
        return [base64.b64decode(text) for text in (self.data["offered"], self.data["server"]) if text is not None]

    def offer_server(self, nonce: bytes) -> None:
        self.data["offered"] = base64.b64encode(nonce).decode()
        self.store.save()

    def settle_server(self) -> None:
        """The message with the offer was answered: the old nonce is gone."""
        if self.data["offered"] is not None:
            self.data["server"], self.data["offered"] = self.data["offered"], None
            self.store.save()


class Device:
    """One Device while it is switched on.

    `prompt(announcement, mandatory, limit)` asks the End User. It gives "approved", "declined" or
    "postponed", and for how many milliseconds. `notice(kind, campaign, detail)` is told what happens.
    """

    def __init__(self, config: DeviceConfig, clock: Clock, prompt, notice=lambda *_: None,
                 random: random_module.Random | None = None):
        self.config, self.clock, self.prompt, self.notice = config, clock, prompt, notice
        self.random = random or random_module.SystemRandom()
        self.store = Store(config.folder, config.first)
        self.installing = asyncio.Lock()
        self.talking = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task] = {}
        self._membership: net.Membership | None = None
        self._receptions: set[Reception] = set()
        self._listens, self._receiver = False, True

    def start(self) -> None:
        """Goes on with what was going on when the Device was switched off."""
        for record in self.store.data["campaigns"]:
            if record["phase"] != "done":
                self._go_on(record)
        for report in list(self.store.data["reports"]):
            self._deliver(report)
        for job in list(self.store.data.get("care", [])):
            self._spawn(f"care {job['correlator']}", self._care(job))

    async def listen(self) -> None:
        """Joins the notification channel."""
        self._listens = True
        if self._membership is None and self._receiver:
            self._membership = net.Membership(self.config.channels[self.config.notification], self.take)

    def receive(self, reception: Reception) -> None:
        """Has a campaign receive, as long as there is a receiver."""
        self._receptions.add(reception)
        reception.open(self.config.channels.get(reception.it.channel) if self._receiver else None)

    def release(self, reception: Reception) -> None:
        """A campaign wants no more of its session."""
        self._receptions.discard(reception)
        reception.close()
        self._count_dropped(reception.dropped)
        reception.dropped = 0

    def _count_dropped(self, count: int) -> None:
        if count:
            self.notice("dropped", None, count)

    def _leave(self) -> None:
        if self._membership is not None:
            self._count_dropped(self._membership.leave())
            self._membership = None

    async def receiver(self, on: bool) -> None:
        """The receiver goes or comes: all groups are left, or those joined that are wanted."""
        self._receiver = on
        if on:
            if self._listens:
                await self.listen()
            for reception in list(self._receptions):
                self.receive(reception)
            return
        self._leave()
        for reception in self._receptions:
            reception.leave()

    async def stop(self) -> None:
        """Switches off: nothing goes on, sockets are given back, the store keeps the rest."""
        self._leave()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, name: str, work) -> None:
        async def guarded():
            try:
                await work
            except asyncio.CancelledError:
                raise
            except Exception:
                LOG.exception("%s ended by an error", name)
            finally:
                self._tasks.pop(name, None)

        self._tasks[name] = asyncio.get_running_loop().create_task(guarded())

    def installed(self, it: Announcement) -> str | None:
        """The installed version that a campaign speaks of."""
        component = None if it.kind == FIRMWARE else it.target.component
        return Software(self.store.data["software"]).installed(component)

    def take(self, datagram: bytes) -> None:
        """Takes one datagram of the notification channel."""
        try:
            trigger = triggers.form_digest_signature(datagram, self.config)
            self._accept(datagram, trigger)
        except OSError as error:
            self.notice("trouble", None, f"the delivery channel was not joined: {error}")
        except Refused as reason:
            LOG.info("%s refuses a notification: %s", self.config.identity.device, reason)

    def _accept(self, datagram: bytes, trigger: triggers.Trigger) -> None:
        it, server, data, now = trigger.it, trigger.package.server, self.store.data, self.clock.now()
        if it.number <= data["highest"].get(server, -1):
            raise Refused("sequence: the number is not new")
        if now >= it.expires:
            raise Refused("expiry: the campaign has expired")
        if not triggers.relevant(it, self.config.identity, self.installed(it)):
            raise Refused("target: the campaign is not for this Device")
        if sum(record["phase"] != "done" for record in data["campaigns"]) >= MAX_CAMPAIGNS:
            raise Refused("put off: too many campaigns are going on")
        data["highest"][server] = it.number
        record = {"datagram": datagram.hex(), "server": server, "campaign": it.campaign, "number": it.number,
                  "accepted": now, "phase": "active"}
        if it.not_after is not None and now > it.not_after:
            record["phase"] = "done"
        data["campaigns"].append(record)
        self.store.save()
        if record["phase"] == "done":
            raise Refused("schedule: 'not after' has passed")
        # The join comes first: what is on air does not wait.
        self._go_on(record)
        self.notice("accepted", it.campaign, None)
        self._forget()

    def _trigger(self, record: dict) -> triggers.Trigger:
        """A stored notification; it was trusted when it was stored."""
        package, _, it = triggers.read(bytes.fromhex(record["datagram"]))
        return triggers.Trigger(package, it)

    def _go_on(self, record: dict) -> None:
        campaign = Campaign(self, record, self._trigger(record))
        campaign.join()
        self._spawn(f"campaign {record['server']} {record['number']}", campaign.run())

    def _forget(self) -> None:
        """Drops old campaigns, and objects that nothing needs any more."""
        campaigns = self.store.data["campaigns"]
        for record in [one for one in campaigns if one["phase"] == "done"][:-KEPT_CAMPAIGNS]:
            campaigns.remove(record)
        needed = set()
        for record in campaigns:
            it = self._trigger(record).it
            needed |= {ref.digest.hex() for ref in [it.command, *it.packages]}
        software = self.store.data["software"]
        waiting = [software["firmware"]["waiting"], *software["delivered"].values()]
        needed |= {one["object"] for one in waiting if one}
        self.store.keep_only(needed)

    def unregister(self, server: str) -> None:
        """Ends every campaign of a provider whose installation has not begun, without a report."""
        registration = self.config.registrations.get(server)
        if registration is None:
            return
        # What was installed is still reported; for that the account is kept.
        registration.withdrawn = True
        reports = self.store.data["reports"]
        for report in [one for one in reports if one["server"] == server and not one["begun"]]:
            reports.remove(report)
        for record in self.store.data["campaigns"]:
            if record["server"] == server and record["phase"] == "active":
                task = self._tasks.get(f"campaign {server} {record['number']}")
                if task is not None:
                    task.cancel()
                record["phase"] = "done"
        self.store.save()

    def withdraw_prompt(self, campaign: str) -> None:
        """The End User need not answer any more."""
        self.notice("withdrawn", campaign, None)

    def log_result(self, it: Announcement, code: int) -> None:
        """Adds a line to the status log."""
        log = self.store.data["log"]
        log.append([it.number, it.campaign, code, self.clock.now()])
        del log[:-32]
        self.notice("result", it.campaign, code)

    def fill_log(self) -> None:
        """The log is full of results of campaigns that were before."""
        now = self.clock.now()
        self.store.data["log"] = [[0, f"before-{number}", 200, now] for number in range(1, 33)]
        self.store.save()

    def nonces(self, registration) -> Nonces:
        return Nonces(self.store, registration)

    def hand_over(self, report: dict) -> None:
        """Stores a report, and delivers it when it is due."""
        report["allowed"] = report["attempts"]
        self.store.data["reports"].append(report)
        self.store.save()
        self._deliver(report)

    def _deliver(self, report: dict) -> None:
        self._spawn(f"report {report['server']} {report['correlator']}", self._attempts(report))

    async def _attempts(self, report: dict) -> None:
        """The attempts of section 5.7."""
        reports = self.store.data["reports"]
        while report["attempts"] > 0:
            await self.clock.until(report["due"])
            registration = self.config.registrations.get(report["server"])
            if registration is None or report not in reports:
                break
            async with self.talking:
                session = Session(self, registration, report)
                self.store.save()
                outcome = await session.run()
            if outcome.delivered:
                break
            report["attempts"] -= 1
            wait = report["retry"]
            if outcome.overload:
                report["overloads"] += 1
                window = min((report["window"] or report["retry"]) << min(report["overloads"], 40), LONGEST_WINDOW)
                wait = max(wait, outcome.retry_after) + self.random.uniform(0, window)
            report["due"] = self.clock.now() + int(wait) + 1
            self.store.save()
        if report in reports:
            reports.remove(report)
        self.store.save()
        self.notice("reported", report["correlator"], None)

    def care_context(self, registration, component: str | None, held: dict[str, bytes] | None = None,
                     version: str | None = None) -> Context:
        """What an update ordered in a DM session works with."""
        kind = FIRMWARE if component is None else 1
        return Context(kind, component, version, registration.keys, vars(self.config.identity),
                       (held or {}).get, self.config.world, self.clock, self.store)

    def care_later(self, server: str, node: str, component: str | None, correlator: str | None, report: dict) -> None:
        """Takes an Exec of a DM session; its result is reported in a session of its own."""
        job = {"server": server, "node": node, "component": component, "correlator": correlator,
               "attempts": report["allowed"], "retry": report["retry"]}
        self.store.data.setdefault("care", []).append(job)
        self.store.save()
        self._spawn(f"care {correlator}", self._care(job))

    async def _care(self, job: dict) -> None:
        registration = self.config.registrations.get(job["server"])
        if registration is None:
            self.store.data["care"].remove(job)
            return
        software, operation = self.store.data["software"], job["node"].split("/")[-1]
        urls = software["urls"] if job["component"] else software["firmware"]["urls"]
        url = urls.get(job["component"] or operation)
        octets, version = await self._find(url) if "Download" in operation else (None, None)
        async with self.installing:
            if software["firmware"]["state"] in (20, 80, 90, 100) and not job["component"]:
                software["firmware"]["state"] = 10
            held = {} if octets is None or url is None else {url: octets}
            context = self.care_context(registration, job["component"], held, version)
            step = Step(action(job["node"], job["component"]), job["node"], Item(target=job["node"]))
            code = await Software(software).perform(step, context)
        self.store.data["care"].remove(job)
        alert = update_alert(context.kind, job["component"], Result(code, job["node"]))
        self.hand_over({"server": job["server"], "correlator": job["correlator"], "items": [vars(alert)],
                        "due": self.clock.now(), "attempts": job["attempts"], "retry": job["retry"], "window": 0,
                        "overloads": 0, "begun": True})

    async def _find(self, url: str | None) -> tuple[bytes | None, str | None]:
        """The object of a campaign: one that is held, or one that is still on air."""
        for record in reversed(self.store.data["campaigns"]):
            it = self._trigger(record).it
            if url not in {ref.location for ref in it.packages}:
                continue
            reception = Reception(it, self.store, self.clock, record.get("fdt_expiry"))
            try:
                if url not in reception.done:
                    self.receive(reception)
                    reception.want({url})
                    return await reception.object(url), it.target.version
                return reception.octets(url), it.target.version
            finally:
                self.release(reception)
        return None, None
