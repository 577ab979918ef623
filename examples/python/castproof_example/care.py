"""Records of Devices, and the care for those that reported a failure (section 6.5)."""

import logging
import re

from . import codes
from .settings import ROOT, Rule, look_up
from .syncml import GROUPS, Command, Item

LOG = logging.getLogger("provider")
PATIENCE = 60_000
"""Milliseconds that statuses are awaited where no plan says otherwise."""
_CODE = re.compile(r"<(?:\w+:)?ResultCode>\s*(\d{1,5})\s*</")


def command_to_json(command: Command) -> dict:
    """A command in a form that the store keeps."""
    return {"name": command.name, "id": command.id, "correlator": command.correlator, "items": [dict(vars(item)) for item in command.items],
            "children": [command_to_json(one) for one in command.children]}


def command_from_json(data: dict) -> Command:
    """The command again."""
    return Command(data["name"], data["id"], correlator=data["correlator"], items=[Item(**item) for item in data["items"]],
                   children=[command_from_json(one) for one in data["children"]])


def without_ids(command: Command) -> None:
    """Takes the numbers away: the message that carries the command gives new ones."""
    command.id = ""
    for child in command.children:
        without_ids(child)


def result_code(item: Item) -> int | None:
    """The result code of a report; None when there is none."""
    text = (item.data or "").strip()
    found = _CODE.search(text)
    if found:
        return int(found.group(1))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


class Carer:
    """Knows campaigns and records. All of it is in the store, so a restart forgets nothing."""

    def __init__(self, store, clock, notice=lambda *_: None):
        self.store, self.clock, self.notice = store, clock, notice

    def plan(self, campaign: str, following: list[str], patience: int) -> None:
        """Which processes follow when care fails, and how long statuses are awaited (milliseconds)."""
        self.store.data["plans"][campaign] = {"next": following, "patience": patience}
        self.store.save()

    def begin(self, campaign: str, rules: list[Rule], commands: list[Command], inspect: list[str]) -> None:
        """A campaign goes on air. `inspect` names nodes that are read of every Device that reports."""
        self.store.data["campaigns"][campaign] = {
            "rules": [vars(rule) for rule in rules], "inspect": inspect,
            "commands": [command_to_json(one) for one in commands]}
        self.store.data["records"].setdefault(campaign, {})
        self.store.save()

    def record(self, campaign: str, device: str) -> dict | None:
        """What is known of a Device; None stands for unknown."""
        return self.store.data["records"].get(campaign, {}).get(device)

    def report(self, campaign: str, device: str, items: list[Item]) -> bool:
        """Takes a report; False when the campaign is unknown. A second one changes nothing."""
        if campaign not in self.store.data["campaigns"]:
            return False
        records = self.store.data["records"].setdefault(campaign, {})
        if device in records:
            return True
        code = result_code(items[0])
        if code is None:
            return False
        records[device] = {"result": code, "state": "succeeded" if codes.good(code) else "failed", "steps": 0,
                           "failures": [[item.source, result_code(item)] for item in items[1:]]}
        self.notice("report", campaign, device)
        return True

    def orders(self, campaign: str, device: str) -> list[Command]:
        """The commands for a Device whose report was just taken; none when it needs no care."""
        record = self.record(campaign, device)
        if record is None or record["state"] not in ("failed", "caring"):
            return []
        if record["state"] == "caring":
            return self._order(record, [command_from_json(one) for one in record["pending"]])
        return self._begin_process(campaign, device, self._process(campaign, record))

    def reads(self, campaign: str) -> list[Command]:
        """The Gets for the nodes that the campaign wants to be read."""
        return [Command("Get", items=[Item(target=node)])
                for node in self.store.data["campaigns"][campaign]["inspect"]]

    def owed(self, device: str) -> tuple[str, list[Command]] | None:
        """A step that waits for the Device to open a session."""
        for campaign, records in self.store.data["records"].items():
            record = records.get(device)
            if record is not None and record["state"] == "caring" and record.get("owed"):
                return campaign, self.orders(campaign, device)
        return None

    def _order(self, record: dict, orders: list[Command]) -> list[Command]:
        record["state"], record["owed"] = "caring", False
        for one in orders:
            without_ids(one)
        record["pending"] = [command_to_json(one) for one in orders]
        record["sent"] = self.clock.now()
        return orders

    def _begin_process(self, campaign: str, device: str, process: str) -> list[Command]:
        record = self.record(campaign, device)
        if process == "ignore":
            record["state"] = "noted"
        elif process == "re-provision" and (orders := self._again(campaign, record)):
            return self._order(record, orders)
        elif process == "re-provision" and record["failures"]:
            # Nothing is left to send: what was to be removed is gone.
            record["state"] = "restored"
        else:
            record["state"] = "attention"
        record.pop("pending", None)
        self.notice(record["state"], campaign, device)
        return []

    def _next(self, campaign: str, device: str) -> list[Command]:
        """The next step of the provider's own plan; without one the Device needs attention."""
        record, plan = self.record(campaign, device), self.store.data["plans"].get(campaign, {"next": []})
        number = record["steps"]
        record["steps"] += 1
        return self._begin_process(campaign, device, plan["next"][number] if number < len(plan["next"]) else "escalate")

    def out_of_patience(self) -> None:
        """Looks for orders whose statuses did not come in time; the next step then waits."""
        for campaign, records in self.store.data["records"].items():
            patience = self.store.data["plans"].get(campaign, {}).get("patience", PATIENCE)
            for device, record in records.items():
                if (record["state"] == "caring" and not record.get("owed")
                        and self.clock.now() >= record["sent"] + patience):
                    self._next(campaign, device)
                    record["owed"] = record["state"] == "caring"
                    self.store.save()

    def _process(self, campaign: str, record: dict) -> str:
        """What the schedule says: the process of the rule under which the Device reported."""
        rules = [Rule(**rule) for rule in self.store.data["campaigns"][campaign]["rules"]]
        for node, status in record["failures"]:
            rule = look_up(rules, node or "", status or 0)
            if rule is not None and rule.report:
                return rule.process
        return "escalate"

    def _again(self, campaign: str, record: dict) -> list[Command]:
        """The settings that failed once more; of an Atomic all of it."""
        failed = dict(map(tuple, record["failures"]))
        source = record.get("pending") or self.store.data["campaigns"][campaign]["commands"]
        result = []
        for command in map(command_from_json, source):
            if command.name not in GROUPS:
                if fixed := _repair(command, failed, False):
                    result.append(fixed)
                continue
            nodes = {item.target for child in command.children for item in child.items}
            if not nodes & failed.keys():
                continue
            atomic = command.name == "Atomic"
            children = [fixed for child in command.children if (fixed := _repair(child, failed, atomic))]
            result += [Command("Atomic", children=children)] if atomic and children else children
        return result

    def answered(self, campaign: str, device: str, outcome: list[tuple[Command, int]]) -> list[Command]:
        """Statuses of the orders came; gives the next orders, if any."""
        record = self.record(campaign, device)
        if record is None or record["state"] != "caring":
            return []
        record["care"] = [[one.name, one.items[0].target if one.items else None, code] for one, code in outcome]
        if all(200 <= code < 300 and code not in (215, 216) for _, code in outcome):
            record["state"] = "restored"
            record.pop("pending", None)
            self.notice("restored", campaign, device)
            return []
        failures = [[one.items[0].target, code] for one, code in outcome
                    if one.items and not 200 <= code < 300]
        record["failures"] = failures or record["failures"]
        return self._next(campaign, device)


def _repair(command: Command, failed: dict, whole: bool) -> Command | None:
    """A command to send again: it adds what was missing, and leaves alone what is gone already."""
    node = command.items[0].target if command.items else None
    if node not in failed:
        return command if whole else None
    status = failed[node]
    if status == 404:
        if command.name == "Delete":
            return None
        if command.name == "Replace" and node.startswith(ROOT + "/"):
            command.name = "Add"
    elif status == 418 and command.name == "Add":
        command.name = "Replace"
    return command
