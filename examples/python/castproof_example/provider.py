"""The Service Provider: it prepares campaigns, airs them, and runs the DM Server."""

import asyncio
import hashlib
import logging
from dataclasses import dataclass, field
from urllib.parse import quote

from . import announcement, broadcast, cose, http, net, notification
from .announcement import Announcement, ObjectRef
from .broadcast import Air, Broadcast, Progress, Sender
from .care import Carer
from .clock import Clock
from .dmserver import Account, DmServer
from .settings import Rule
from .store import Store
from .syncml import Command

LOG = logging.getLogger("provider")


@dataclass
class ProviderConfig:
    """What a Service Provider is given: who it is, its accounts, its channels, where it serves."""

    server: str
    group_password: str
    group_nonce: bytes
    key_id: str
    private_key: bytes
    accounts: dict[str, Account]
    channels: dict[str, net.Channel]
    notification: str
    delivery: str
    host: str
    port: int
    folder: str
    sequence: int = 0


@dataclass
class Plan:
    """A campaign before it has numbers.

    `document` makes the octets of the Command from the SessionID; `packages` are (location, octets).
    Durations are milliseconds, `age` is how long ago it was issued. `rules`, `commands` and `inspect`
    are what the DM Server needs to know of it.
    """

    campaign: str
    kind: int
    document: object
    target: announcement.Target = field(default_factory=announcement.Target)
    reporting: announcement.Reporting = field(default_factory=announcement.Reporting)
    packages: list[tuple[str, bytes]] = field(default_factory=list)
    consent: tuple[int, int] | None = None
    not_before: int | None = None
    not_after: int | None = None
    start_window: int = 0
    age: int = 0
    lifetime: int = 600_000
    rules: list[Rule] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    inspect: list[str] = field(default_factory=list)
    air: Air = field(default_factory=Air)


def location(server: str, campaign: str, name: str) -> str:
    """A Content-Location. It is a name, and at most 255 octets long."""
    folder = quote(campaign, safe="")
    if len(folder) > 64:
        folder = hashlib.sha256(campaign.encode()).hexdigest()[:32]
    host = server if len(server) < 100 and server.isascii() and server.isprintable() else "provider.invalid"
    return f"http://{host}/{folder}/{name}"


class Provider:
    """One Service Provider while it runs."""

    def __init__(self, config: ProviderConfig, clock: Clock, notice=lambda *_: None):
        self.config, self.clock = config, clock
        self.store = Store(config.folder, {"campaigns": {}, "plans": {}, "records": {}, "nonces": {},
                                           "number": config.sequence, "session": 0, "tsi": 0, "fdt": 0, "tid": 0, "air": []})
        self.carer = Carer(self.store, clock, notice)
        self.dm = DmServer(config.server, config.accounts, self.store, self.carer)
        self._http: asyncio.Server | None = None
        self._clients: set = set()
        self._senders: list[Sender] = []
        self._tasks: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Begins to serve Devices. A port of 0 is chosen by the system."""
        config = self.config
        try:
            for label in (config.notification, config.delivery):
                self._senders.append(Sender(config.channels[label]))
            self._http = await http.serve(config.host, config.port, self.dm.answer, self._clients)
        except BaseException:
            await self.stop()
            raise
        self._keep(self._watch())
        for entry in list(self.store.data["air"]):
            await self.air(self._again(entry))

    def _again(self, entry: dict) -> Broadcast:
        """A campaign that was on the air when the provider stopped."""
        package = notification.parse(bytes.fromhex(entry["datagram"]))
        it = announcement.parse(cose.parse(package.vendor).payload)
        refs = {ref.location: ref for ref in [it.command, *it.packages]}
        objects = [(where, kind, self.store.get(refs[where].digest) or b"") for where, kind in entry["objects"]]
        return Broadcast(it, bytes.fromhex(entry["datagram"]), objects, entry["instance"], entry["expires"],
                         Air(**entry["air"]))

    def _remember(self, ready: Broadcast) -> dict:
        """Keeps what it takes to go on air again after a restart."""
        for ref, (_, _, octets) in zip([ready.it.command, *ready.it.packages], ready.objects):
            self.store.put(ref.digest, octets)
        entry = {"datagram": ready.datagram.hex(), "objects": [[where, kind] for where, kind, _ in ready.objects],
                 "instance": ready.instance, "expires": ready.expires, "air": vars(ready.air),
                 "progress": vars(Progress())}
        for known in self.store.data["air"]:
            if known["datagram"] == entry["datagram"]:
                return known
        self.store.data["air"].append(entry)
        self.store.save()
        return entry

    @property
    def address(self) -> str:
        """Where the DM Server listens."""
        host, port = self._http.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def sources(self) -> list[str]:
        """Where the datagrams come from."""
        return [sender.source for sender in self._senders]

    async def stop(self) -> None:
        """Ends everything and gives sockets back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sender in self._senders:
            sender.close()
        if self._http is not None:
            self._http.close()
            self._http = None
        for client in list(self._clients):
            client.transport.abort()
        await asyncio.sleep(0)

    def _keep(self, work) -> asyncio.Task:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _watch(self) -> None:
        while True:
            await self.clock.sleep(50)
            self.carer.out_of_patience()

    def _count(self, name: str, most: int, step: int = 1) -> int:
        data = self.store.data
        data[name] = data[name] % most + step
        return data[name]

    def prepare(self, plan: Plan) -> Broadcast:
        """Numbers, signs and keeps a campaign. ValueError when it cannot be said on the wire."""
        config, issued = self.config, self.clock.now() - plan.age
        session = self._count("session", 0xFFFF)
        command = plan.document(session)
        name = location(config.server, plan.campaign, "command.xml")
        it = Announcement(
            plan.campaign, self._count("number", 1 << 62), issued, issued + plan.lifetime, plan.kind, config.delivery,
            self._count("tsi", 0xFFFF), ObjectRef.of(name, command), plan.target,
            [ObjectRef.of(where, octets) for where, octets in plan.packages], plan.consent, plan.not_before,
            plan.not_after, plan.start_window, plan.reporting)
        payload = announcement.build(it)
        announcement.parse(payload)
        header = notification.trigger_header(3 if plan.consent else 1, session, config.server)
        vendor = cose.sign(payload, config.key_id, config.private_key, header)
        datagram = notification.build(self._count("tid", 255), config.server, config.group_password,
                                      config.group_nonce, header, vendor)
        self.carer.begin(plan.campaign, plan.rules, plan.commands, plan.inspect)
        objects = [(name, "application/vnd.syncml.dm+xml", command)]
        objects += [(where, "application/octet-stream", octets) for where, octets in plan.packages]
        instance = self._count("fdt", (1 << 20) - 2, 2)
        end = self.clock.now() + plan.air.lead + plan.air.cycles * plan.air.cycle_gap + 60_000
        return Broadcast(it, datagram, objects, instance, max(it.expires, end), plan.air)

    async def air(self, ready: Broadcast) -> asyncio.Task:
        """Puts a campaign on air in the background; returns when the first notification is out."""
        begun, entry = asyncio.Event(), self._remember(ready)
        progress = Progress(**entry["progress"])

        def came_further() -> None:
            begun.set()
            if entry["progress"] != vars(progress):
                entry["progress"] = dict(vars(progress))
                self.store.save()

        async def run() -> None:
            await broadcast.send(ready, *self._senders, self.clock, came_further, progress)
            self.store.data["air"].remove(entry)
            self.store.save()

        task = self._keep(run())
        waiter = asyncio.ensure_future(begun.wait())
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if task.done():
            task.result()
        return task
