"""The verbs of a Device's adapter."""

import asyncio
import json
import logging
import random

from . import tree
from .adapter import Adapter, Fields, Problem
from .clock import Clock
from .config import DeviceConfig, Identity, Registration, first_state
from .device import Device
from .net import Channel

LOG = logging.getLogger("adapter")
ROOT = "./Settings/"
MOMENTS = ("while-writing", "once-written", "once-received")


class Bench:
    """One Device on the bench: it outlives the loss of power that the Device does not."""

    def __init__(self, name: str, config: DeviceConfig, clock: Clock, seed: int, event):
        self.name, self.config, self.clock, self.event = name, config, clock, event
        self.random = random.Random(seed)
        self.device: Device | None = None
        self.listens = False
        self.dropped = 0
        self.closed = False
        self.prompts: dict[str, asyncio.Future] = {}
        self._power = asyncio.Lock()
        self._cycles: set[asyncio.Task] = set()
        config.world.cut = self._cut

    def _cut(self) -> None:
        async def cycle() -> None:
            try:
                await self.power(False)
                await self.power(True)
            except OSError as error:
                self.event("trouble", self.name, text=str(error))

        task = asyncio.get_running_loop().create_task(cycle())
        self._cycles.add(task)
        task.add_done_callback(self._cycles.discard)

    async def power(self, on: bool) -> None:
        """The power goes or comes."""
        async with self._power:
            if self.closed:
                return
            if on and self.device is None:
                self.device = Device(self.config, self.clock, self._prompt, self._notice, self.random)
                self.device.start()
                if self.listens:
                    await self.device.listen()
            elif not on and self.device is not None:
                device, self.device = self.device, None
                await device.stop()
                self.prompts.clear()

    def running(self) -> Device:
        """The Device, which must be on."""
        if self.device is None:
            raise Problem("refused", "the Device is off")
        return self.device

    async def _prompt(self, it, mandatory: bool, limit: int) -> tuple[str, int]:
        answer = self.prompts[it.campaign] = asyncio.get_running_loop().create_future()
        self.event("prompted", self.name, campaign=it.campaign, may_decline=not mandatory)
        try:
            return await answer
        finally:
            if self.prompts.get(it.campaign) is answer:
                del self.prompts[it.campaign]

    def answer(self, campaign: str, what: str, pause: int = 0) -> None:
        """The End User answers a prompt that is shown."""
        self.running()
        prompt = self.prompts.get(campaign)
        if prompt is None or prompt.done():
            raise Problem("refused", f"the End User is not being asked about {campaign}")
        prompt.set_result((what, pause))

    def _notice(self, kind: str, campaign: str, detail) -> None:
        if kind == "dropped":
            self.dropped += detail
            self.event("dropped", self.name, datagrams=self.dropped)
        elif kind == "trouble":
            self.event("trouble", self.name, text=detail)
        elif kind == "result":
            self.event("settled", self.name, campaign=campaign, code=detail)


class DeviceAdapter(Adapter):
    """The adapter of the example Device."""

    role = "device"
    name = "castproof example Device in Python"
    capabilities = ["software-components", "component-operations", "firmware-in-two-steps",
                    "firmware-inside-a-command", "settings-restore", "status-log", "user-approval", "ipv6",
                    "source-specific"]
    verbs = {"open": "open", "listen": "listen", "stimulate": "stimulate", "query": "query", "close": "close"}

    @staticmethod
    def room_of(request: dict) -> str:
        """Devices that trust the same keys are of one scenario: they hear the same, and it is read once."""
        return json.dumps(request.get("registrations"), sort_keys=True)

    async def open(self, name: str, fields: Fields) -> dict:
        """A fresh Device, switched on; it does not listen yet."""
        config, offset, seed = self._config(fields)
        bench = Bench(name, config, Clock(offset), seed, self.event)
        await bench.power(True)
        self.instances[name] = bench
        return {}

    def _config(self, fields: Fields) -> tuple[DeviceConfig, int, int]:
        device = Fields(fields.take("device", dict), "device")
        identity = Identity(device.take("id", str), device.take("manufacturer", str), device.take("model", str),
                            device.take("hardware_version", str), groups=device.texts("groups", []),
                            area=device.take("area", str, None))
        firmware, software = device.take("firmware", str), device.take("software", dict, {})
        device.end()
        settings = {self._setting(node): value for node, value in fields.take("settings", dict).items()}
        first = first_state(firmware, components={key: (version, True) for key, version in software.items()},
                            settings=settings)
        try:
            channels = {label: Channel.of(entry) for label, entry in fields.take("channels", dict).items()}
        except (ValueError, KeyError, TypeError) as error:
            raise Problem("malformed", f"channels: {error}") from None
        account = Fields(fields.take("account", dict), "account")
        url, server = account.take("url", str), account.take("server", str)
        secrets = (url, account.take("user", str), account.take("password", str),
                   account.take("server_password", str), account.octets("server_nonce"))
        account.end()
        registrations = {}
        for entry in fields.take("registrations", list):
            one = Fields(entry, "registration")
            group = Fields(one.take("group_account", dict), "group_account")
            keys = Fields(one.take("keys", dict), "keys")
            one.take("revoked_keys", dict, {})
            provider = one.take("server", str)
            held = {key: keys.octets(key) for key in list(keys.left)}
            registrations[provider] = Registration(
                provider, group.take("password", str), group.octets("nonce"), held,
                *(secrets if provider == server else ("", "", "", "", b"")))
            group.end()
            one.end()
        read_only = {ROOT + self._setting(node) for node in fields.texts("read_only", [])}
        notification, folder = fields.take("notification", str), fields.take("folder", str)
        offset, seed = fields.take("clock_offset_ms", int, 0), fields.take("seed", int)
        fields.end()
        if notification not in channels:
            raise Problem("malformed", f"no channel {notification}")
        config = DeviceConfig(identity, notification, channels, registrations, folder, first)
        config.world.read_only = read_only
        return config, offset, seed

    @staticmethod
    def _setting(node: str) -> str:
        if not node.startswith(ROOT) or len(node) == len(ROOT):
            raise Problem("malformed", f"{node} is no node below ./Settings")
        return node[len(ROOT):]

    async def listen(self, name: str, bench: Bench, fields: Fields) -> dict:
        """Joins the notification channel; answered when joined."""
        fields.end()
        await bench.running().listen()
        bench.listens = True
        return {}

    async def stimulate(self, name: str, bench: Bench, fields: Fields) -> dict:
        """Causes what the wire cannot."""
        stimulus = Fields(fields.take("stimulus", dict), "stimulus")
        fields.end()
        kind = stimulus.one_of("kind", (
            "storage-full", "no-room-to-install", "installer-fails", "settings-fail", "status-log-full", "settings-give-way",
            "approve", "decline", "postpone", "power", "power-fails", "withdraw-registration", "receiver"))
        world = bench.config.world
        if kind in ("storage-full", "no-room-to-install", "installer-fails", "settings-fail", "power", "receiver"):
            on = stimulus.take("on", bool)
            stimulus.end()
            if kind == "storage-full":
                world.storage_full = on
            elif kind == "no-room-to-install":
                world.install_full = on
            elif kind == "installer-fails":
                world.installer_fails = on
            elif kind == "settings-fail":
                world.settings_fail = on
            elif kind == "power":
                bench.listens = bench.listens or on
                await bench.power(on)
            else:
                await bench.running().receiver(on)
        elif kind in ("approve", "decline", "postpone"):
            campaign = stimulus.take("campaign", str)
            pause = stimulus.take("for_ms", int) if kind == "postpone" else 0
            stimulus.end()
            bench.answer(campaign, {"approve": "approved", "decline": "declined", "postpone": "postponed"}[kind], pause)
        elif kind == "power-fails":
            when = stimulus.one_of("when", MOMENTS)
            stimulus.end()
            world.power_fails = when
        elif kind == "settings-give-way":
            after = stimulus.take("after", int)
            stimulus.end()
            world.gives_way_after = after
        elif kind == "withdraw-registration":
            server = stimulus.take("server", str)
            stimulus.end()
            bench.running().unregister(server)
        else:
            stimulus.end()
            bench.running().fill_log()
        return {}

    async def query(self, name: str, bench: Bench, fields: Fields) -> dict:
        """Values of nodes; null where there is no such node."""
        nodes = fields.texts("nodes")
        fields.end()
        device = bench.running()
        known = tree.leaves(bench.config.identity, device.store.data)
        return {"nodes": {node: known[node][1] if node in known else None for node in nodes}}

    async def end(self, bench: Bench) -> None:
        """Switches off for good."""
        await bench.power(False)
        bench.closed = True
