"""The verbs of a Service Provider's adapter."""

from . import documents
from .adapter import Adapter, Fields, Problem, Unsupported
from .announcement import (EVERYBODY, FAILURES, FIRMWARE, MANDATORY, NOBODY, OPTIONAL, PROVISIONING, SOFTWARE,
                           Reporting, Target)
from .broadcast import Air
from .clock import Clock
from .dmserver import Account
from .errors import Refused
from .net import Channel
from .provider import Plan, Provider, ProviderConfig, location
from .settings import Rule
from .syncml import GROUPS, Command, Item

PROCESSES = ("re-provision", "escalate", "ignore")
WHO = {"nobody": NOBODY, "failures-only": FAILURES, "everybody": EVERYBODY}
STANDING = {"succeeded": "not-needed", "failed": "not-needed", "noted": "ignored", "caring": "in-progress",
            "restored": "restored", "attention": "needs-attention"}


def _timing(value) -> tuple[int, int, int, int]:
    """Offset, window, attempts, retry interval."""
    fields = Fields(value, "timing")
    result = tuple(fields.take(name, int) for name in ("offset_ms", "window_ms", "attempts", "retry_interval_ms"))
    fields.end()
    return result


def _reporting(value) -> Reporting:
    fields = Fields(value, "reporting")
    who, sample = WHO[fields.one_of("who", tuple(WHO))], fields.take("sample", int)
    offset, window, attempts, retry = _timing(fields.take("timing", dict))
    fields.end()
    return Reporting(who, offset, window, None if sample == 10000 else sample, attempts, retry)


def _target(value) -> Target:
    fields = Fields(value, "target")
    target = Target(
        fields.take("manufacturer", str, None), fields.take("model", str, None),
        fields.texts("hardware_versions", []) or None, fields.texts("from_versions", []) or None,
        fields.take("component", str, None), fields.texts("groups", []) or None, fields.texts("areas", []) or None,
        fields.take("share", int, None), fields.take("resulting_version", str, None))
    fields.end()
    return target


def _air(value) -> Air:
    fields = Fields(value, "broadcast")
    if fields.take("parity", dict, None) is not None:
        raise Unsupported("parity is a capability that this provider does not have")
    later = fields.one_of("packages_join", ("at-first", "later")) == "later"
    air = Air(fields.take("flute_version", int), fields.take("repetitions", int), fields.take("symbol_length", int),
              fields.take("lead_ms", int), fields.take("cycle_gap_ms", int), later)
    fields.end()
    if air.version not in (1, 2) or air.cycles < 1 or not 16 <= air.symbol <= 65535:
        raise Problem("malformed", "broadcast: a value is out of range")
    return air


def _rule(number: int, value) -> Rule:
    fields = Fields(value, "rule")
    rule = Rule(number, fields.take("situation", str), False, fields.one_of("process", PROCESSES))
    report = fields.take("report", dict, None)
    fields.end()
    if report is not None:
        rule.report = True
        rule.offset, rule.window, rule.attempts, rule.retry = _timing(report)
    return rule


def _change(value) -> Command:
    fields = Fields(value, "change")
    verb = fields.one_of("change", ("replace", "add", "delete")).capitalize()
    command = documents.setting(verb, fields.take("node", str), None if verb == "Delete" else fields.take("value", str))
    fields.end()
    return command


def _item(value, package: str | None) -> Item:
    fields = Fields(value, "item")
    data = fields.take("data", str, None)
    if data is not None:
        data = data.replace("{package}", package or "")
    item = Item(target=fields.take("node", str), format=fields.take("format", str, None),
                type=fields.take("type", str, None), data=data)
    fields.end()
    return item


def _planned(value, campaign: str, package: str | None) -> Command:
    fields = Fields(value, "command")
    name = fields.one_of("command", ("replace", "add", "delete", "get", "exec", "sequence", "atomic")).capitalize()
    command = Command(name)
    if name in GROUPS:
        command.children = [_planned(one, campaign, package) for one in fields.take("commands", list)]
    elif name == "Exec":
        correlator = fields.take("correlator", str, None)
        command.correlator = campaign if correlator is None else correlator
        command.items = [_item(fields.take("item", dict), package)]
    else:
        command.items = [_item(one, package) for one in fields.take("items", list)]
    fields.end()
    return command


class _Campaign:
    """The part of a campaign that `push` and `provision` share."""

    def __init__(self, value):
        fields = Fields(value, "campaign")
        self.id = fields.take("id", str)
        self.age, self.lifetime = fields.take("age_ms", int, 0), fields.take("lifetime_ms", int)
        self.reporting = _reporting(fields.take("reporting", dict))
        self.target, self.air = _target(fields.take("target", dict, {})), _air(fields.take("broadcast", dict))
        self.companions = fields.texts("companions", [])
        self.inspect = fields.texts("inspect", [])
        consent = fields.take("consent", dict, None)
        self.consent = None
        if consent is not None:
            asking = Fields(consent, "consent")
            severity = asking.one_of("severity", ("mandatory", "optional"))
            self.consent = (MANDATORY if severity == "mandatory" else OPTIONAL, asking.take("longest_deferral_ms", int))
            asking.end()
        start = Fields(fields.take("rollout", dict, {}), "rollout")
        self.rollout = (start.take("not_before_ms", int, None), start.take("not_after_ms", int, None),
                        start.take("start_window_ms", int, 0))
        start.end()
        unusual = Fields(fields.take("command", dict, None) or {}, "command")
        self.commands = unusual.take("commands", list, None)
        self.command_target = unusual.take("target", str, None)
        self.without_schedule = unusual.take("without_schedule", bool, False)
        unusual.end()
        fields.end()

    def plan(self, kind: int, server: str, body: list[Command], packages, **known) -> Plan:
        """All of it, with a Command made of `body`; `known` is what the DM Server is to know."""
        not_before, not_after, window = self.rollout
        return Plan(self.id, kind, lambda session: documents.document(session, server, body, self.command_target),
                    self.target, self.reporting, packages, self.consent, not_before, not_after, window, self.age,
                    self.lifetime, inspect=self.inspect, air=self.air, **known)


class ProviderAdapter(Adapter):
    """The adapter of the example Service Provider."""

    role = "provider"
    name = "castproof example Service Provider in Python"
    capabilities = ["ipv6", "source-specific"]
    verbs = {"open": "open", "push": "push", "provision": "provision", "care": "care", "query": "query",
             "close": "close"}

    @staticmethod
    def room_of(request: dict) -> str:
        """Each has a room of its own: what one sends does not wait for another."""
        return str(request.get("instance"))

    async def open(self, name: str, fields: Fields) -> dict:
        """A provider whose DM Server listens; with a folder that was used before it goes on."""
        server = fields.take("server", str)
        group = Fields(fields.take("group_account", dict), "group_account")
        accounts = {}
        for device, value in fields.take("accounts", dict).items():
            one = Fields(value, "account")
            one.take("server", str)
            one.take("url", str)
            accounts[device] = Account(device, one.take("user", str), one.take("password", str),
                                       one.take("server_password", str), one.octets("server_nonce"))
            one.end()
        host, colon, port = fields.take("listen", str).rpartition(":")
        try:
            channels = {label: Channel.of(entry) for label, entry in fields.take("channels", dict).items()}
            number = int(port)
        except (ValueError, KeyError, TypeError) as error:
            raise Problem("malformed", f"listen or channels: {error}") from None
        config = ProviderConfig(
            server, group.take("password", str), group.octets("nonce"), fields.take("key_id", str),
            fields.octets("signing_key"), accounts, channels, fields.take("notification", str),
            fields.take("delivery", str), host.strip("[]"), number, fields.take("folder", str),
            fields.take("sequence", int))
        group.end()
        clock = Clock(fields.take("clock_offset_ms", int, 0))
        fields.take("seed", int)
        fields.end()
        if not {config.notification, config.delivery} <= channels.keys() or len(config.private_key) != 32:
            raise Problem("malformed", "a channel or the signing key is not there")
        provider = Provider(config, clock)
        await provider.start()
        self.instances[name] = provider
        return {"address": provider.address, "sources": provider.sources}

    async def push(self, name: str, provider: Provider, fields: Fields) -> dict:
        """Starts a campaign that brings firmware or software."""
        campaign = _Campaign(fields.take("campaign", dict))
        package = Fields(fields.take("package", dict), "package")
        fields.end()
        kind = package.one_of("kind", ("firmware", "software"))
        component = package.take("component", str) if kind == "software" else None
        octets, server = package.octets("octets"), provider.config.server
        package.end()
        url = location(server, campaign.id, "package.bin") if octets else None
        packages = [(url, octets)] if octets else []
        for number, text in enumerate(campaign.companions, 1):
            companion = Fields({"octets": text}, "companion").octets("octets")
            packages.append((location(server, campaign.id, f"companion-{number}.bin"), companion))
        if campaign.commands is not None:
            commands = [_planned(one, campaign.id, url) for one in campaign.commands]
        elif component is None:
            commands = documents.firmware(campaign.id, url)
        else:
            commands = documents.software(campaign.id, component, url)
            campaign.target.component = campaign.target.component or component
        return await self._air(provider, campaign.plan(
            FIRMWARE if component is None else SOFTWARE, server, commands, packages))

    async def provision(self, name: str, provider: Provider, fields: Fields) -> dict:
        """Starts a campaign that brings settings."""
        campaign = _Campaign(fields.take("campaign", dict))
        changes, atomic = [_change(one) for one in fields.take("changes", list)], fields.take("atomic", bool)
        schedule = fields.take("schedule", list, None)
        fields.end()
        if schedule is None:
            raise Problem("refused", "provisioning data that has no exception schedule is not broadcast")
        rules = [_rule(number, one) for number, one in enumerate(schedule, 1)]
        if campaign.commands is None:
            commands = [Command("Atomic" if atomic else "Sequence", children=changes)]
        else:
            commands = [_planned(one, campaign.id, None) for one in campaign.commands]
        document = list(commands)
        if not campaign.without_schedule:
            document.insert(0, documents.schedule_leaves(campaign.id, rules))
        return await self._air(provider, campaign.plan(
            PROVISIONING, provider.config.server, document, [], rules=rules, commands=commands))

    @staticmethod
    async def _air(provider: Provider, plan: Plan) -> dict:
        try:
            ready = provider.prepare(plan)
        except (Refused, ValueError) as error:
            raise Problem("refused", str(error)) from None
        await provider.air(ready)
        return {"sequence": ready.it.number}

    async def care(self, name: str, provider: Provider, fields: Fields) -> dict:
        """Says what follows when the care of a campaign fails."""
        campaign, following = fields.take("campaign", str), fields.texts("next")
        patience = fields.take("patience_ms", int)
        fields.end()
        for process in following:
            if process not in PROCESSES:
                raise Unsupported(f"no process {process}")
        provider.carer.plan(campaign, following, patience)
        return {}

    async def query(self, name: str, provider: Provider, fields: Fields) -> dict:
        """What the record says of a campaign."""
        campaign = fields.take("campaign", str)
        fields.end()
        records = provider.store.data["records"].get(campaign, {})
        return {"results": {device: {
            "code": record["result"], "success": record["state"] == "succeeded",
            "care": STANDING[record["state"]]} for device, record in records.items()}}

    async def end(self, provider: Provider) -> None:
        """Stops everything."""
        await provider.stop()
