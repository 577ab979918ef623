"""Commands for firmware and software: what they may say (section 4.1) and what they do (4.2, 4.3)."""

import asyncio
import copy
import hashlib
from dataclasses import dataclass

from . import codes, package
from .announcement import FIRMWARE
from .codes import Failure
from .errors import Refused
from .syncml import GROUPS, Command, Item, Message

_DELIVERED = {"Install": True, "InstallInactive": False, "Remove": None}
_DEPLOYED = {"Activate": codes.ACTIVATE, "Deactivate": codes.DEACTIVATE, "Remove": codes.REMOVE}
_DOWNLOAD = {"Download": None, "DownloadInstall": True, "DownloadInstallInactive": False}
_FUMO_NODES = {"", "/PkgName", "/PkgVersion", "/Download", "/Update", "/DownloadAndUpdate", "/State"}


@dataclass
class Step:
    """One command on one node. `action` is what to do, `node` the URI it names."""

    action: str
    node: str
    item: Item
    correlator: str | None = None


@dataclass
class Result:
    """What came of a Command: a code, and the operation that it belongs to."""

    code: int
    node: str | None = None


@dataclass
class Context:
    """What the steps of one Command work with."""

    kind: int
    component: str | None
    version: str | None
    keys: dict[str, bytes]
    identity: dict
    fetch: object
    world: object
    clock: object
    store: object
    announced: set[str] | None = None

    def code(self, pair: tuple[int, int]) -> int:
        return pair[0 if self.kind == FIRMWARE else 1]


def action(node: str, component: str | None) -> str | None:
    """The kind of a node: `url:`, `data`, `exec:`, `read`; None when it is unknown."""
    if node.startswith("./FUMO"):
        rest = node[6:]
        if rest in ("/Download/PkgURL", "/DownloadAndUpdate/PkgURL"):
            return "url:" + rest.split("/")[1]
        if rest == "/Update/PkgData":
            return "data"
        if rest in ("/Download", "/Update", "/DownloadAndUpdate"):
            return "exec:" + rest[1:]
        return "read" if rest in _FUMO_NODES else None
    parts = node.split("/")[2:]
    if parts[:1] == ["Download"] and len(parts) >= 2:
        if parts[2:] == ["PkgURL"]:
            return "url:" + parts[1]
        if parts[2:3] == ["Operations"] and len(parts) == 4 and parts[3] in _DOWNLOAD:
            return "exec:" + parts[3]
        return "read" if parts[2:] in ([], ["Operations"]) else None
    if parts[:1] == ["Inventory"] and len(parts) >= 3 and parts[1] in ("Delivered", "Deployed"):
        operations = _DELIVERED if parts[1] == "Delivered" else _DEPLOYED
        if parts[3:4] == ["Operations"] and len(parts) == 5 and parts[4] in operations:
            return f"exec:{parts[1]}:{parts[4]}"
        leaves = ([], ["State"], ["Operations"], ["Version"])
        return "read" if parts[3:] in leaves[:4 if parts[1] == "Deployed" else 3] else None
    return "read" if parts in ([], ["Download"], ["Inventory"], ["Inventory", "Delivered"],
                               ["Inventory", "Deployed"]) else None


def component_of(node: str) -> str | None:
    """The component that a node below ./SCOMO belongs to."""
    parts = node.split("/")[2:]
    at = 1 if parts[:1] == ["Download"] else 2
    return parts[at] if len(parts) > at else None


def below(node: str, root: str) -> bool:
    """Whether a node is the root or below it."""
    return node == root or node.startswith(root + "/")


def step(command: Command, item: Item, kind: int, component: str | None) -> Step:
    """Checks one command; raises Failure when the whole document is to do nothing."""
    node = item.target
    if node is None or not below(node, "./FUMO" if kind == FIRMWARE else "./SCOMO"):
        raise Failure(codes.BAD, f"forbidden node {node}")
    if kind != FIRMWARE and component_of(node) not in (None, component):
        raise Failure(codes.BAD, f"a node of another component: {node}")
    what = action(node, component)
    if what is None:
        raise Failure(codes.NOT_IMPLEMENTED, f"unknown node {node}")
    if command.name == "Exec" and what.startswith("exec:"):
        return Step(what, node, item, command.correlator)
    if command.name == "Replace" and what.startswith("url:") and item.format in (None, "chr"):
        return Step(what, node, item)
    if command.name == "Replace" and what == "data" and item.format in ("bin", "b64"):
        return Step(what, node, item)
    raise Failure(codes.BAD, f"{node} does not take {command.name} of format {item.format}")


def check(message: Message, campaign: str, kind: int, component: str | None, denies) -> list[Step]:
    """All steps of a Command in document order, when all of it may be carried out.

    What is forbidden anywhere counts before a node that is unknown.
    """
    steps: list[Step] = []
    unknown: list[Failure] = []

    def walk(commands: list[Command]) -> None:
        for command in commands:
            if command.name in GROUPS:
                walk(command.children)
                continue
            if not command.items:
                raise Failure(codes.BAD, f"{command.name} without an Item")
            for item in command.items:
                try:
                    one = step(command, item, kind, component)
                except Failure as failure:
                    if failure.pair != codes.NOT_IMPLEMENTED:
                        raise
                    unknown.append(failure)
                    continue
                if denies(one.node):
                    raise Failure(codes.BAD, f"the server has no right to {one.node}")
                if command.name == "Exec" and command.correlator != campaign:
                    raise Failure(codes.BAD, "another Correlator than the campaign id")
                steps.append(one)

    walk(message.commands)
    if unknown:
        raise unknown[0]
    if not any(one.action.startswith("exec:") for one in steps):
        raise Failure(codes.BAD, "the document executes nothing")
    return steps


class Software:
    """Firmware and components. `data` is the part of the stored state that belongs to them."""

    def __init__(self, data: dict):
        self.data = data

    def installed(self, component: str | None) -> str | None:
        """The installed version of the firmware or of a component."""
        if component is None:
            return self.data["firmware"]["version"]
        return self.data["components"].get(component, {}).get("version")

    async def carry_out(self, message: Message, context: Context) -> Result:
        """Executes a Command that was checked; one result comes of it."""
        outcomes: list[tuple[int, Step]] = []
        await self._run(message.commands, context, outcomes, False)
        failed = [entry for entry in outcomes if not codes.good(entry[0])]
        code, last = (failed or outcomes[-1:])[0]
        if not last.action.startswith("exec:"):
            operations = [one for _, one in outcomes if one.action.startswith("exec:")]
            return Result(code, operations[0].node if operations else None)
        return Result(code, last.node)

    async def _run(self, commands, context: Context, outcomes, atomic: bool) -> bool:
        for command in commands:
            if command.name in GROUPS:
                before = copy.deepcopy(self.data)
                fine = await self._run(command.children, context, outcomes, atomic or command.name == "Atomic")
                if not fine and command.name == "Atomic":
                    self._restore(before)
                if not fine and atomic:
                    return False
                continue
            for item in command.items:
                one = step(command, item, context.kind, context.component)
                code = await self.perform(one, context)
                outcomes.append((code, one))
                if atomic and not codes.good(code):
                    return False
        return True

    def _restore(self, before: dict) -> None:
        self.data.clear()
        self.data.update(before)

    async def perform(self, one: Step, context: Context) -> int:
        """Executes one step; gives its result code."""
        try:
            if one.node.startswith("./FUMO"):
                await self._firmware(one, context)
            else:
                await self._component(one, context, component_of(one.node))
            return context.code(codes.DONE)
        except Failure as failure:
            return context.code(failure.pair)
        except package.NotAcceptable as problem:
            return context.code((problem.fumo, problem.scomo))
        finally:
            context.store.save()

    def _octets(self, url: str | None, context: Context) -> bytes:
        if url is None or context.announced is not None and url not in context.announced:
            raise Failure(codes.BAD_URL, f"{url} is no announced Content-Location")
        octets = context.fetch(url)
        if octets is None:
            raise Failure(codes.RECEPTION)
        if context.world.storage_full:
            raise Failure(codes.NO_ROOM)
        return octets

    def _keep(self, octets: bytes, context: Context) -> dict:
        digest = hashlib.sha256(octets).digest()
        context.store.put(digest, octets)
        version = context.version
        if version is None:
            # Care and campaigns without a resulting version: the package itself may say.
            try:
                version = (package.split(octets)[0] or {}).get("version")
            except Refused:
                pass
        return {"object": digest.hex(), "version": version}

    async def _install(self, waiting: dict, context: Context) -> None:
        octets = context.store.get(bytes.fromhex(waiting["object"]))
        if octets is None:
            raise Failure(codes.OTHER)
        if context.version is not None and waiting["version"] != context.version:
            raise Failure(codes.NOT_ACCEPTABLE, "another resulting version than that of the download")
        package.check(octets, context.identity, waiting["version"], context.keys)
        if context.world.install_full:
            raise Failure(codes.NO_ROOM_TO_INSTALL)
        if context.world.installer_fails:
            raise Failure(codes.INSTALLER)
        await self._write(octets, context)

    @staticmethod
    async def _write(octets: bytes, context: Context) -> None:
        """Writes the image beside the running one. Only the stored version makes it the one that runs."""
        world, half = context.world, len(octets) // 2
        with open(context.store.folder / "image", "wb") as image:
            image.write(octets[:half])
            await context.clock.sleep(world.install_time / 2)
            if world.moment("while-writing"):
                await asyncio.Event().wait()
            image.write(octets[half:])
        await context.clock.sleep(world.install_time / 2)
        if world.moment("once-written"):
            await asyncio.Event().wait()

    async def _firmware(self, one: Step, context: Context) -> None:
        firmware = self.data["firmware"]

        def state(number: int) -> None:
            firmware["state"] = number
            context.store.save()

        if one.action.startswith("url:") or one.action == "data":
            if firmware["state"] in (30, 60):
                raise Failure(codes.BAD)
            firmware["waiting"] = None
            if firmware["state"] == 50 or one.action == "data":
                state(10)
            if one.action.startswith("url:"):
                firmware["urls"][one.action[4:]] = (one.item.data or "").strip()
                return
            try:
                octets = one.item.octets
            except ValueError:
                raise Failure(codes.BAD, "PkgData does not decode") from None
            if context.world.storage_full:
                raise Failure(codes.NO_ROOM)
            firmware["waiting"] = self._keep(octets, context)
            firmware["package"] = context.version or ""
            state(50)
            return
        operation = one.action[5:]
        if operation in ("Download", "DownloadAndUpdate"):
            if firmware["state"] in (30, 50, 60):
                raise Failure(codes.BAD, "State does not allow it")
            state(30)
            try:
                octets = self._octets(firmware["urls"].get(operation), context)
            except Failure:
                state(20)
                raise
            state(40)
            firmware["waiting"] = self._keep(octets, context)
            firmware["package"] = context.version or ""
            state(50)
        if operation in ("Update", "DownloadAndUpdate"):
            if firmware["state"] != 50:
                raise Failure(codes.BAD, "State does not allow it")
            state(60)
            try:
                await self._install(firmware["waiting"], context)
            except (Failure, package.NotAcceptable):
                state(70)
                firmware["waiting"] = None
                state(80)
                raise
            firmware["version"] = firmware["waiting"]["version"] or firmware["version"]
            state(90)
            firmware["waiting"] = None
            state(100)

    async def _component(self, one: Step, context: Context, name: str) -> None:
        components, delivered = self.data["components"], self.data["delivered"]
        if one.action.startswith("url:"):
            self.data["urls"][name] = (one.item.data or "").strip()
            return
        operation = one.action[5:]
        if operation in _DOWNLOAD:
            waiting = self._keep(self._octets(self.data["urls"].get(name), context), context)
            if _DOWNLOAD[operation] is None:
                delivered[name] = waiting
                return
            await self._install(waiting, context)
            components[name] = {"version": waiting["version"] or "0", "active": _DOWNLOAD[operation]}
            return
        place, _, verb = operation.partition(":")
        if place == "Delivered":
            if name not in delivered:
                raise Failure(codes.REMOVE if verb == "Remove" else codes.INSTALLER, "no package waits")
            if verb != "Remove":
                await self._install(delivered[name], context)
                components[name] = {"version": delivered[name]["version"] or "0", "active": _DELIVERED[verb]}
            del delivered[name]
            return
        if name not in components:
            raise Failure(_DEPLOYED[verb], "no such component")
        if verb == "Remove":
            del components[name]
        else:
            components[name]["active"] = verb == "Activate"
