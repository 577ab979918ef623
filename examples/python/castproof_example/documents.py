"""Commands that a provider writes (section 4)."""

from .settings import ROOT, Rule
from .syncml import Command, Item, Message, build


def _document(session: int, server: str, commands: list[Command]) -> bytes:
    return build(Message(f"{session:X}", 1, "urn:castproof:broadcast", server, commands))


def _url(node: str, url: str) -> Command:
    return Command("Replace", items=[Item(target=node + "/PkgURL", format="chr", data=url)])


def _exec(node: str, campaign: str) -> Command:
    return Command("Exec", correlator=campaign, items=[Item(target=node)])


def firmware(session: int, server: str, campaign: str, url: str, operations=("DownloadAndUpdate",)) -> bytes:
    """A Command for firmware: DownloadAndUpdate, or Download, Update or both of them."""
    commands = []
    for operation in operations:
        if operation != "Update":
            commands.append(_url(f"./FUMO/{operation}", url))
        commands.append(_exec(f"./FUMO/{operation}", campaign))
    return _document(session, server, commands)


def firmware_inside(session: int, server: str, campaign: str, package: str) -> bytes:
    """A Command that carries its package, in base64."""
    data = Command("Replace", items=[Item(target="./FUMO/Update/PkgData", format="bin", data=package)])
    return _document(session, server, [data, _exec("./FUMO/Update", campaign)])


def software(session: int, server: str, campaign: str, component: str, url: str | None,
             operation: str = "DownloadInstall") -> bytes:
    """A Command for a component. `operation` is one below Download, or like `Deployed/Activate`."""
    place, slash, verb = operation.partition("/")
    if slash:
        return _document(session, server, [_exec(f"./SCOMO/Inventory/{place}/{component}/Operations/{verb}", campaign)])
    node = f"./SCOMO/Download/{component}"
    return _document(session, server, [_url(node, url or ""), _exec(f"{node}/Operations/{operation}", campaign)])


def schedule_leaves(campaign: str, rules: list[Rule]) -> Command:
    """The Replace with all leaves of a schedule."""
    items = []
    for rule in rules:
        leaf = {"Situation": rule.situation, "Action": "report" if rule.report else "silent"}
        if rule.report:
            leaf.update({"Offset": rule.offset, "Window": rule.window, "Attempts": rule.attempts,
                         "RetryInterval": rule.retry})
        leaf["Process"] = rule.process
        items += [Item(target=f"./ExceptionSchedule/{campaign}/Rule/{rule.number}/{name}", format="chr",
                       data=str(value)) for name, value in leaf.items()]
    return Command("Replace", items=items)


def setting(verb: str, name: str, value: str | None = None) -> Command:
    """One command on a setting."""
    node = name if name.startswith("./") else f"{ROOT}/{name}"
    if verb in ("Delete", "Exec"):
        return Command(verb, items=[Item(target=node)])
    return Command(verb, items=[Item(target=node, format="chr", data=value or "")])


def provisioning(session: int, server: str, campaign: str, rules: list[Rule], commands: list[Command],
                 atomic: bool) -> bytes:
    """A Command with its schedule. A provider does not send settings without one."""
    if not rules:
        raise ValueError("provisioning data needs an exception schedule")
    group = Command("Atomic" if atomic else "Sequence", children=commands)
    return _document(session, server, [schedule_leaves(campaign, rules), group])
