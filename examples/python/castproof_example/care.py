"""Records of Devices, and the care for those that reported a failure (section 6.5)."""

import copy
import logging
import re

from . import codes
from .settings import ROOT, Rule, look_up
from .syncml import GROUPS, Command, Item

LOG = logging.getLogger("provider")
_CODE = re.compile(r"<(?:\w+:)?ResultCode>\s*(\d{1,5})\s*</")


def command_to_json(command: Command) -> dict:
    """A command in a form that the store keeps."""
    return {"name": command.name, "correlator": command.correlator, "items": [vars(item) for item in command.items],
            "children": [command_to_json(one) for one in command.children]}


def command_from_json(data: dict) -> Command:
    """The command again, without a number."""
    return Command(data["name"], correlator=data["correlator"], items=[Item(**item) for item in data["items"]],
                   children=[command_from_json(one) for one in data["children"]])


def result_code(item: Item) -> int | None:
    """The result code of a report; None when there is none."""
    text = (item.data or "").strip()
    found = _CODE.search(text)
    if found:
        return int(found.group(1))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


class Carer:
    """Knows campaigns and records. All of it is in the store, so a restart forgets nothing."""

    def __init__(self, store, notice=lambda *_: None):
        self.store, self.notice = store, notice

    def begin(self, campaign: str, kind: int, rules: list[Rule], commands: list[Command],
              plan: list[list[Command]] | None = None) -> None:
        """A campaign goes on air. `plan` holds further steps for Devices whose care failed."""
        self.store.data["campaigns"][campaign] = {
            "kind": kind, "rules": [vars(rule) for rule in rules],
            "commands": [command_to_json(one) for one in commands],
            "plan": [[command_to_json(one) for one in step] for step in plan or []]}
        self.store.data["records"].setdefault(campaign, {})
        self.store.save()

    def campaign_of(self, correlator: str) -> str | None:
        """The campaign that a correlator belongs to, care included."""
        campaigns = self.store.data["campaigns"]
        if correlator in campaigns:
            return correlator
        owner = self.store.data["correlators"].get(correlator)
        return owner if owner in campaigns else None

    def record(self, campaign: str, device: str) -> dict | None:
        """What is known of a Device; None stands for unknown."""
        return self.store.data["records"].get(campaign, {}).get(device)

    def report(self, correlator: str, device: str, items: list[Item]) -> bool:
        """Takes a report; False when the campaign is unknown. A second one changes nothing."""
        campaign = self.campaign_of(correlator)
        if campaign is None:
            return False
        records = self.store.data["records"].setdefault(campaign, {})
        record = records.setdefault(device, {"state": "unknown", "result": None, "reports": {}, "steps": 0})
        if correlator in record["reports"]:
            return True
        code = result_code(items[0])
        record["reports"][correlator] = code
        fine = code is not None and codes.good(code)
        if correlator == campaign:
            record["result"] = code
            record["state"] = "succeeded" if fine else "failed"
            record["failures"] = [[item.source, result_code(item)] for item in items[1:]]
        else:
            record["state"] = "restored" if fine else "attention"
        self.notice("report", campaign, device)
        return True

    def orders(self, campaign: str, device: str) -> list[Command]:
        """The commands for a Device whose report was just taken; none when it needs no care."""
        record = self.record(campaign, device)
        if record is None or record["state"] not in ("failed", "caring"):
            return []
        if record["state"] == "caring":
            return [command_from_json(one) for one in record["pending"]]
        first = self._first(campaign, record)
        if first == "ignore":
            record["state"] = "noted"
            return []
        orders = first if isinstance(first, list) else []
        return self._order(record, orders) if orders else self._next(campaign, device)

    def _order(self, record: dict, orders: list[Command]) -> list[Command]:
        record["state"], record["pending"] = "caring", [command_to_json(one) for one in orders]
        return orders

    def _next(self, campaign: str, device: str) -> list[Command]:
        """The next step of the provider's own plan; without one the Device needs attention."""
        record, plan = self.record(campaign, device), self.store.data["campaigns"][campaign]["plan"]
        if record["steps"] < len(plan):
            orders = [command_from_json(one) for one in plan[record["steps"]]]
            record["steps"] += 1
            for number, one in enumerate(orders, 1):
                if one.name == "Exec":
                    one.correlator = f"{campaign[:40]}.care-{record['steps']}-{number}"
                    self.store.data["correlators"][one.correlator] = campaign
            return self._order(record, orders)
        record["state"] = "attention"
        record.pop("pending", None)
        self.notice("attention", campaign, device)
        return []

    def _first(self, campaign: str, record: dict):
        """What the schedule says: `ignore`, a list of commands, or None for no process."""
        entry = self.store.data["campaigns"][campaign]
        rules = [Rule(**rule) for rule in entry["rules"]]
        for node, status in record.get("failures", []):
            rule = look_up(rules, node or "", status or 0)
            if rule is not None and rule.report:
                if rule.process == "ignore":
                    return "ignore"
                return self._again(entry, record) if rule.process == "re-provision" else None
        return None

    @staticmethod
    def _again(entry: dict, record: dict) -> list[Command]:
        """The settings that failed once more; of an Atomic all of it."""
        failed = dict(map(tuple, record["failures"]))
        result = []
        for command in (command_from_json(one) for one in entry["commands"]):
            if command.name in GROUPS:
                atomic = command.name == "Atomic"
                nodes = {item.target for child in command.children for item in child.items}
                if not nodes & failed.keys():
                    continue
                children = [fixed for child in command.children if (fixed := _repair(child, failed, atomic))]
                if atomic and children:
                    result.append(Command("Atomic", children=children))
                else:
                    result += children
            elif fixed := _repair(command, failed, False):
                result.append(fixed)
        return result

    def answered(self, campaign: str, device: str, outcome: list[tuple[Command, int]],
                 results: list[Command]) -> list[Command]:
        """Statuses of the orders came; gives the next orders, if any."""
        record = self.record(campaign, device)
        if record is None or record["state"] != "caring":
            return []
        record["care"] = [[one.name, one.items[0].target if one.items else None, code] for one, code in outcome]
        if all(200 <= code < 300 for _, code in outcome):
            waiting = any(one.name == "Exec" and code == 202 for one, code in outcome)
            record["state"] = "waiting" if waiting else "restored"
            record.pop("pending", None)
            self.notice("restored", campaign, device)
            return []
        return self._next(campaign, device)


def _repair(command: Command, failed: dict, whole: bool) -> Command | None:
    """A command to send again: it adds what was missing, and leaves alone what is gone already."""
    command = copy.deepcopy(command)
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
