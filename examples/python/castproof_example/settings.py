"""Settings, and the exception schedule that says what to do when they fail (section 4.4)."""

import re
from dataclasses import dataclass

from .syncml import GROUPS, Command, Item
from .updates import below

ROOT = "./Settings"
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass
class Outcome:
    """How one command on one node went. `itself` is false where an Atomic took it back or skipped it."""

    command: Command
    node: str
    status: int
    itself: bool

    @property
    def failed(self) -> bool:
        return self.itself and not 200 <= self.status < 300


@dataclass
class Rule:
    """One rule of a schedule; times are milliseconds."""

    number: int
    situation: str
    report: bool
    process: str
    offset: int = 0
    window: int = 0
    retry: int = 0
    attempts: int = 1

    def rank(self, node: str, status: int) -> int | None:
        """0 for the most specific match, None for no match."""
        kind, _, value = self.situation.partition(":")
        if kind == "node":
            return 0 if value == node else None
        if kind == "status":
            return 1 if value == str(status) else None
        if kind == "class":
            return 2 if status // 100 == int(value) else None
        return 3


def schedule(leaves: dict[str, Item]) -> list[Rule] | None:
    """The rules that the leaves (`Rule/1/Action` to Item) make; None when any rule is malformed."""
    rules: dict[str, dict[str, str]] = {}
    for path, item in leaves.items():
        parts = path.split("/")
        if len(parts) != 3 or parts[0] != "Rule" or not re.fullmatch(r"[1-9][0-9]{0,8}", parts[1]):
            return None
        if item.format not in (None, "chr"):
            return None
        rules.setdefault(parts[1], {})[parts[2]] = (item.data or "").strip()
    if len(rules) > 64:
        return None
    result = []
    for number, leaf in rules.items():
        rule = _rule(int(number), leaf)
        if rule is None:
            return None
        result.append(rule)
    return sorted(result, key=lambda rule: rule.number)


def _rule(number: int, leaf: dict[str, str]) -> Rule | None:
    timing = ("Offset", "Window", "RetryInterval", "Attempts")
    report = leaf.get("Action") == "report"
    expected = {"Situation", "Action", "Process", *(timing if report else ())}
    if set(leaf) != expected or leaf["Action"] not in ("report", "silent"):
        return None
    if leaf["Process"] not in ("re-provision", "escalate", "ignore"):
        return None
    if not re.fullmatch(r"node:.{1,255}|status:[1-5][0-9][0-9]|class:[45]|any", leaf["Situation"]):
        return None
    rule = Rule(number, leaf["Situation"], report, leaf["Process"])
    if report:
        if not all(_NUMBER.fullmatch(leaf[name]) for name in timing):
            return None
        rule.offset, rule.window, rule.retry, rule.attempts = (int(leaf[name]) for name in timing)
        if not 1 <= rule.attempts <= 255:
            return None
    return rule


def look_up(rules: list[Rule], node: str, status: int) -> Rule | None:
    """The most specific rule that matches; of equals the one with the smaller number."""
    ranked = [(rank, rule.number, rule) for rule in rules if (rank := rule.rank(node, status)) is not None]
    return min(ranked, key=lambda entry: entry[:2])[2] if ranked else None


class Settings:
    """The settings. `data` is the stored state of the Device."""

    def __init__(self, data: dict, world):
        self.data, self.world = data, world

    def perform(self, command: Command, item: Item, denies) -> int:
        """Executes one command on one node; gives its status."""
        node, values = item.target or "", self.data["settings"]
        if denies(node):
            return 425
        if node == ROOT + "/Restore":
            if command.name != "Exec":
                return 405
            self.data["settings"] = dict(self.data["factory"])
            return 200
        name = node[len(ROOT) + 1:]
        if not name or "" in name.split("/") or len(node.encode()) > 255:
            return 405
        exists = name in values
        interior = any(key.startswith(name + "/") for key in values)
        if command.name == "Add":
            if exists or interior:
                return 418
        elif command.name not in ("Replace", "Delete", "Exec", "Get"):
            return 405
        elif not exists:
            return 405 if interior else 404
        if command.name == "Exec":
            return 405
        if self.world.refuses(node):
            return 425
        if self.world.settings_fail:
            return 500
        if command.name == "Delete":
            if name == "RollCall":
                return 405
            del values[name]
            return 200
        if item.format not in (None, "chr"):
            return 415
        value = item.data or ""
        if self.world.storage_full and (not exists or len(value.encode()) > len(values[name].encode())):
            return 420
        values[name] = value
        return 200

    def run(self, commands: list[Command], denies, atomic: bool = False) -> list[Outcome]:
        """Executes commands in document order, Atomic and Sequence too."""
        outcomes: list[Outcome] = []
        for command in commands:
            if atomic and any(not 200 <= one.status < 300 for one in outcomes):
                outcomes += self._skipped(command)
            elif command.name in GROUPS:
                outcomes += self._group(command, denies, atomic)
            else:
                for item in command.items:
                    outcomes.append(Outcome(command, item.target or "", self.perform(command, item, denies), True))
        return outcomes

    def _group(self, command: Command, denies, atomic: bool) -> list[Outcome]:
        before = dict(self.data["settings"])
        outcomes = self.run(command.children, denies, atomic or command.name == "Atomic")
        if command.name == "Atomic" and any(not 200 <= one.status < 300 for one in outcomes):
            self.data["settings"] = before
            for one in outcomes:
                if 200 <= one.status < 300:
                    one.status, one.itself = 216, False
        return outcomes

    def _skipped(self, command: Command) -> list[Outcome]:
        if command.name in GROUPS:
            return [one for child in command.children for one in self._skipped(child)]
        return [Outcome(command, item.target or "", 215, False) for item in command.items]


def forbidden(commands: list[Command], root: str) -> bool:
    """Whether any command names a node that is neither a setting nor below the schedule's root."""
    for command in commands:
        if command.name in GROUPS:
            if forbidden(command.children, root):
                return True
        elif not command.items:
            return True
        elif any(item.target is None or not (below(item.target, ROOT) or below(item.target, root))
                 for item in command.items):
            return True
    return False


def take_schedule(commands: list[Command], root: str) -> tuple[dict[str, Item], list[Command]]:
    """Splits the leaves of the schedule from the commands that remain."""
    leaves: dict[str, Item] = {}
    rest: list[Command] = []
    for command in commands:
        own = [item for item in command.items if item.target is not None and below(item.target, root)]
        if command.name in ("Replace", "Add") and own:
            for item in own:
                if item.target == root and item.format == "node":
                    continue
                leaves[item.target[len(root) + 1:]] = item
            command.items = [item for item in command.items if item not in own]
            if command.items:
                rest.append(command)
        else:
            rest.append(command)
    return leaves, rest
