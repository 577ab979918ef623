"""The Service Provider: it prepares campaigns, airs them, and runs the DM Server."""

import asyncio
import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import announcement, broadcast, cose, http, net, notification
from .announcement import Announcement, ObjectRef
from .broadcast import Broadcast
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
    host: str
    port: int
    url: str
    folder: str


@dataclass
class Plan:
    """A campaign before it has numbers. `document` makes the Command from the SessionID.

    `packages` are (location, octets). What stays None is chosen by the provider.
    """

    campaign: str
    kind: int
    channel: str
    document: object
    target: announcement.Target = field(default_factory=announcement.Target)
    reporting: announcement.Reporting = field(default_factory=announcement.Reporting)
    packages: list[tuple[str, bytes]] = field(default_factory=list)
    consent: tuple[int, int] | None = None
    not_before: int | None = None
    not_after: int | None = None
    start_window: int = 0
    expires: int | None = None
    lifetime: int = 600_000
    tsi: int | None = None
    number: int | None = None
    session: int | None = None
    rules: list[Rule] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    plan: list[list[Command]] = field(default_factory=list)
    air: dict = field(default_factory=dict)


class Provider:
    """One Service Provider while it runs."""

    def __init__(self, config: ProviderConfig, clock: Clock, notice=lambda *_: None):
        self.config, self.clock = config, clock
        self.store = Store(config.folder, {"campaigns": {}, "records": {}, "correlators": {}, "nonces": {},
                                           "number": 0, "session": 0, "tsi": 0, "fdt": 0, "tid": 0})
        self.carer = Carer(self.store, notice)
        self.dm = DmServer(config.server, config.url, config.accounts, self.store, self.carer)
        self._http: asyncio.Server | None = None
        self._tasks: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Begins to serve Devices. A port of 0 is chosen by the system and enters the URL."""
        self._http = await http.serve(self.config.host, self.config.port, self.dm.answer)
        if urlsplit(self.config.url).port == 0:
            port = self._http.sockets[0].getsockname()[1]
            self.dm.url = self.config.url.replace(":0", f":{port}", 1)

    @property
    def url(self) -> str:
        """The URL that Devices have in their account."""
        return self.dm.url

    async def stop(self) -> None:
        """Ends everything and gives sockets back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            self._http.close()
            self._http = None

    def _count(self, name: str, most: int, given: int | None = None) -> int:
        data = self.store.data
        data[name] = (data[name] % most + 1) if given is None else max(data[name], given)
        return data[name] if given is None else given

    def prepare(self, plan: Plan) -> Broadcast:
        """Numbers, signs and keeps a campaign."""
        now = self.clock.now()
        session = self._count("session", 0xFFFF, plan.session)
        command = plan.document(session)
        location = f"http://{self.config.server}/{plan.campaign}/command.xml"
        it = Announcement(
            plan.campaign, self._count("number", 1 << 62, plan.number), now,
            plan.expires if plan.expires is not None else now + plan.lifetime, plan.kind, plan.channel,
            self._count("tsi", 0xFFFF, plan.tsi), ObjectRef.of(location, command), plan.target,
            [ObjectRef.of(name, octets) for name, octets in plan.packages], plan.consent, plan.not_before,
            plan.not_after, plan.start_window, plan.reporting)
        payload = announcement.build(it)
        announcement.parse(payload)
        header = notification.trigger_header(3 if plan.consent else 1, session, self.config.server)
        vendor = cose.sign(payload, self.config.key_id, self.config.private_key, header)
        datagram = notification.build(self._count("tid", 255), self.config.server, self.config.group_password,
                                      self.config.group_nonce, header, vendor)
        self.carer.begin(plan.campaign, plan.kind, plan.rules, plan.commands, plan.plan)
        objects = [(location, "application/vnd.syncml.dm+xml", command)]
        objects += [(name, "application/octet-stream", octets) for name, octets in plan.packages]
        return Broadcast(it, datagram, objects, self._count("fdt", (1 << 20) - 1),
                         max(it.expires, now + 60_000), **plan.air)

    async def air(self, ready: Broadcast, wait_for_first: bool = True) -> asyncio.Task:
        """Puts a campaign on air in the background; returns when the first notification is out."""
        first = asyncio.Event()

        async def run() -> None:
            channels = self.config.channels
            await asyncio.gather(broadcast.notify(ready, channels["notification"], self.clock, first.set),
                                 broadcast.deliver(ready, channels[ready.it.channel], self.clock))

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        waiter = asyncio.ensure_future(first.wait())
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        if task.done():
            task.result()
        return task
