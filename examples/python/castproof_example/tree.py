"""The management tree as a server in a DM session sees it (sections 6.5 and 8)."""

from dataclasses import replace

from .settings import ROOT, Settings
from .syncml import GROUPS, Command, Item
from .updates import Software, Step, action, below, component_of

_INTERIOR = ("./DevInfo", "./DevDetail", "./FUMO", "./SCOMO", "./SCOMO/Inventory", "./SCOMO/Inventory/Delivered",
             "./SCOMO/Inventory/Deployed", ROOT)


def log_text(lines: list) -> str:
    """The status log in the form of section 8."""
    return "\n".join(f"{number} {campaign} {code} {when}" for number, campaign, code, when in lines)


def leaves(identity, data: dict) -> dict[str, tuple[str, str]]:
    """Every leaf that a server may read: URI to (format, value)."""
    firmware, software = data["software"]["firmware"], data["software"]
    result = {
        "./DevInfo/DevId": ("chr", identity.device), "./DevInfo/Man": ("chr", identity.manufacturer),
        "./DevInfo/Mod": ("chr", identity.model), "./DevInfo/DmV": ("chr", "1.2"),
        "./DevInfo/Lang": ("chr", identity.language), "./DevDetail/HwV": ("chr", identity.hardware),
        "./DevDetail/FwV": ("chr", firmware["version"]), "./DevDetail/SwV": ("chr", data["software_version"]),
        "./FUMO/State": ("int", str(firmware["state"])), "./FUMO/PkgVersion": ("chr", firmware["package"]),
        "./StatusLog": ("chr", log_text(data["log"]))}
    for name in software["delivered"]:
        result[f"./SCOMO/Inventory/Delivered/{name}/State"] = ("int", "10")
    for name, entry in software["components"].items():
        root = f"./SCOMO/Inventory/Deployed/{name}"
        result[root + "/Version"] = ("chr", entry["version"])
        result[root + "/State"] = ("int", "20" if entry["active"] else "10")
    for name, value in data["settings"].items():
        result[f"{ROOT}/{name}"] = ("chr", value)
    return result


def get(uri: str, identity, data: dict) -> Item | None:
    """The answer to a Get; None when there is no such node."""
    known = leaves(identity, data)
    if uri in known:
        form, value = known[uri]
        return Item(source=uri, format=form, data=value)
    inside = dict.fromkeys(leaf[len(uri) + 1:].split("/")[0] for leaf in [*known, *_INTERIOR]
                           if leaf.startswith(uri + "/"))
    if inside or uri in _INTERIOR:
        return Item(source=uri, format="node", data="/".join(inside))
    return None


class Care:
    """Executes a server's commands. `context` makes the Context of an update, `later` takes an Exec."""

    def __init__(self, device, registration, later, context):
        self.device, self.registration = device, registration
        self.later, self.context = later, context
        self.statuses: list[tuple[Command, int]] = []
        self.results: list[tuple[Command, list[Item]]] = []

    async def run(self, commands: list[Command]) -> None:
        """Fills `statuses` and `results`, in the order of the document."""
        for command in commands:
            if command.name in ("Status", "Results"):
                continue
            if command.name in GROUPS:
                await self._group(command)
            else:
                await self._one(command)

    async def _group(self, command: Command) -> None:
        at = len(self.statuses)
        if command.name == "Atomic" and all(self._is_setting(one) for one in command.children):
            outcomes = self._settings().run([command], self.registration.denies)
            codes: dict[int, int] = {}
            for one in outcomes:
                known = codes.get(id(one.command), 200)
                codes[id(one.command)] = one.status if 200 <= known < 300 and known != 216 else known
            self.statuses += [(one, codes.get(id(one), 200)) for one in command.children]
            fine = all(200 <= code < 300 and code not in (215, 216) for code in codes.values())
        else:
            await self.run(command.children)
            fine = command.name == "Sequence" or all(200 <= code < 300 for _, code in self.statuses[at:])
        self.statuses.insert(at, (command, 200 if fine else 507))
        self.device.store.save()

    @staticmethod
    def _is_setting(command: Command) -> bool:
        return command.name not in GROUPS and command.name != "Get" and bool(command.items) and all(
            below(item.target or "", ROOT) for item in command.items)

    def _settings(self) -> Settings:
        return Settings(self.device.store.data, self.device.config.world)

    async def _one(self, command: Command) -> None:
        if command.name not in ("Get", "Replace", "Add", "Delete", "Exec") or not command.items:
            self.statuses.append((command, 412 if command.items == [] and command.name != "Alert" else 406))
            return
        found: list[Item] = []
        codes = [await self._item(command, item, found) for item in command.items]
        if found:
            self.results.append((command, found))
        self.device.store.save()
        if len(set(codes)) == 1:
            self.statuses.append((command, codes[0]))
        else:
            # Items that went differently have a Status each; TargetRef says which it is.
            self.statuses += [(replace(command, items=[item]), code) for item, code in zip(command.items, codes)]

    async def _item(self, command: Command, item: Item, found: list[Item]) -> int:
        uri, data = item.target or "", self.device.store.data
        if self.registration.denies(uri):
            return 425
        if command.name == "Get":
            answer = get(uri, self.device.config.identity, data)
            if answer is None:
                return 404
            found.append(answer)
            return 200
        if below(uri, ROOT):
            return self._settings().perform(command, item, self.registration.denies)
        if below(uri, "./FUMO") or below(uri, "./SCOMO"):
            return await self._update(command, item, uri)
        return 405 if get(uri, self.device.config.identity, data) is not None else 404

    async def _update(self, command: Command, item: Item, uri: str) -> int:
        component = None if below(uri, "./FUMO") else component_of(uri)
        what = action(uri, component)
        if what is None:
            return 404
        if command.name == "Exec" and what.startswith("exec:"):
            self.later(uri, component, command.correlator)
            return 202
        if command.name != "Replace" or not (what.startswith("url:") or what == "data"):
            return 405
        if what == "data" and item.format not in ("bin", "b64") or what != "data" and item.format not in (None, "chr"):
            return 415
        async with self.device.installing:
            context = self.context(uri, component)
            code = await Software(self.device.store.data["software"]).perform(Step(what, uri, item), context)
        return 200 if code in (200, 1200) else 420 if code in (501, 1404) else 500
