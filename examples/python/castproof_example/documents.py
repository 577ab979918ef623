"""Commands that a provider writes (section 4)."""

from .settings import ROOT, Rule
from .syncml import Command, Item, Message, build


TARGET = "urn:castproof:broadcast"


def document(session: int, server: str, commands: list[Command], target: str | None = None) -> bytes:
    """The octets of a Command."""
    return build(Message(f"{session:X}", 1, target or TARGET, server, commands))


def _url(node: str, url: str) -> Command:
    return Command("Replace", items=[Item(target=node + "/PkgURL", format="chr", data=url)])


def _exec(node: str, campaign: str) -> Command:
    return Command("Exec", correlator=campaign, items=[Item(target=node)])


def firmware(campaign: str, url: str | None) -> list[Command]:
    """The usual Command for firmware; without a package it installs the one that waits."""
    if url is None:
        return [_exec("./FUMO/Update", campaign)]
    return [_url("./FUMO/DownloadAndUpdate", url), _exec("./FUMO/DownloadAndUpdate", campaign)]


def software(campaign: str, component: str, url: str | None) -> list[Command]:
    """The usual Command for a component; without a package it installs the one that waits."""
    if url is None:
        return [_exec(f"./SCOMO/Inventory/Delivered/{component}/Operations/Install", campaign)]
    node = f"./SCOMO/Download/{component}"
    return [_url(node, url), _exec(f"{node}/Operations/DownloadInstall", campaign)]


def schedule_leaves(campaign: str, rules: list[Rule]) -> Command:
    """The Replace with all leaves of a schedule."""
    items = [] if rules else [Item(target=f"./ExceptionSchedule/{campaign}", format="node")]
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
