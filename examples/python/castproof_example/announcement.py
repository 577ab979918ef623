"""The announcement of section 2.1: its model, its reading and its writing."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

from . import cbor
from .errors import Refused

FIRMWARE, SOFTWARE, PROVISIONING = 0, 1, 2
NOBODY, FAILURES, EVERYBODY = 0, 1, 2
MANDATORY, OPTIONAL = 1, 2
_VERSION = re.compile(r"(0|[1-9][0-9]{0,9})(\.(0|[1-9][0-9]{0,9})){0,3}")


def version_key(text: str) -> tuple[int, ...]:
    """A version as a tuple that compares as the profile says; ValueError when it is none."""
    if not _VERSION.fullmatch(text):
        raise ValueError(f"{text!r} is no version")
    numbers = tuple(int(part) for part in text.split("."))
    if max(numbers) > 0xFFFFFFFF:
        raise ValueError(f"a number of version {text} does not fit 32 bits")
    return numbers


@dataclass
class ObjectRef:
    """An object that the announcement names; `digest` is its SHA-256."""

    location: str
    size: int
    digest: bytes

    @classmethod
    def of(cls, location: str, octets: bytes) -> "ObjectRef":
        return cls(location, len(octets), hashlib.sha256(octets).digest())


@dataclass
class Target:
    """For whom a campaign is; None matches everybody."""

    manufacturer: str | None = None
    model: str | None = None
    hardware: list[str] | None = None
    installed: list[str] | None = None
    component: str | None = None
    groups: list[str] | None = None
    areas: list[str] | None = None
    share: int | None = None
    version: str | None = None


@dataclass
class Reporting:
    """Who reports, and when (milliseconds)."""

    who: int = NOBODY
    offset: int = 0
    window: int = 0
    sample: int | None = None
    attempts: int = 1
    retry: int = 1000


@dataclass
class Announcement:
    """One campaign. Times are milliseconds since 1970, durations milliseconds."""

    campaign: str
    number: int
    issued: int
    expires: int
    kind: int
    channel: str
    tsi: int
    command: ObjectRef
    target: Target = field(default_factory=Target)
    packages: list[ObjectRef] = field(default_factory=list)
    consent: tuple[int, int] | None = None
    not_before: int | None = None
    not_after: int | None = None
    start_window: int = 0
    reporting: Reporting = field(default_factory=Reporting)


class _Map:
    """A map of the profile: known keys are taken, others judged by the rule of unknown keys."""

    def __init__(self, value, what: str, known: int):
        if not isinstance(value, dict):
            raise Refused(f"{what} is no map")
        self.value, self.what = value, what
        for key in value:
            if type(key) is not int or key < 0:
                raise Refused(f"{what}: a key is no unsigned integer")
            if key > 63 and key > known:
                raise Refused(f"{what}: unknown critical key {key}")

    def take(self, key: int, read, optional: bool = False):
        if key not in self.value:
            if optional:
                return None
            raise Refused(f"{self.what}: key {key} is missing")
        try:
            return read(self.value[key])
        except Refused as error:
            raise Refused(f"{self.what}, key {key}: {error}") from None


def _uint(most: int = (1 << 64) - 1, least: int = 0):
    def read(value):
        if type(value) is not int or not least <= value <= most:
            raise Refused("out of range or no integer")
        return value
    return read


def _text(value) -> str:
    if not isinstance(value, str):
        raise Refused("no text")
    return value


def _name(value) -> str:
    text = _text(value)
    if not 1 <= len(text.encode()) <= 64 or any(unicodedata.category(c) == "Cc" for c in text):
        raise Refused("no name of 1 to 64 octets without control characters")
    return text


def _component(value) -> str:
    if "/" in _name(value):
        raise Refused("a component id holds no slash")
    return value


def _location(value) -> str:
    if not 1 <= len(_text(value).encode()) <= 255:
        raise Refused("no location of 1 to 255 octets")
    return value


def _version(value) -> str:
    try:
        version_key(_text(value))
    except ValueError as error:
        raise Refused(str(error)) from None
    return value


def _list(read):
    def read_list(value):
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            raise Refused("no list of 1 to 8 entries")
        return [read(item) for item in value]
    return read_list


def _digest(value) -> bytes:
    if not isinstance(value, bytes) or len(value) != 32:
        raise Refused("no SHA-256 of 32 octets")
    return value


def _object(value) -> ObjectRef:
    entry = _Map(value, "object", 3)
    return ObjectRef(entry.take(1, _location), entry.take(2, _uint()), entry.take(3, _digest))


def _target(value) -> Target:
    entry = _Map(value, "target", 9)
    reads = (_text, _text, _list(_text), _list(_version), _component, _list(_text), _list(_text),
             _uint(10000), _version)
    return Target(*(entry.take(key, read, True) for key, read in enumerate(reads, 1)))


def _reporting(value) -> Reporting:
    entry = _Map(value, "reporting", 6)
    return Reporting(entry.take(1, _uint(2)), entry.take(2, _uint()), entry.take(3, _uint()),
                     entry.take(4, _uint(10000), True), entry.take(5, _uint(255, 1)), entry.take(6, _uint()))


def _consent(value) -> tuple[int, int]:
    entry = _Map(value, "consent", 2)
    return entry.take(1, _uint(2, 1)), entry.take(2, _uint())


def parse(octets: bytes) -> Announcement:
    """Reads the payload of the COSE_Sign1."""
    top = _Map(cbor.decode(octets), "announcement", 11)
    top.take(1, _uint(1, 1))
    delivery = _Map(top.take(8, lambda value: value), "delivery", 4)
    rollout = _Map(top.value.get(10, {}), "rollout", 3)
    result = Announcement(
        campaign=top.take(2, _name), number=top.take(3, _uint()), issued=top.take(4, _uint()),
        expires=top.take(5, _uint()), kind=top.take(6, _uint(2)),
        channel=delivery.take(1, _name), tsi=delivery.take(2, _uint((1 << 48) - 1)),
        command=delivery.take(3, _object), packages=delivery.take(4, _list(_object), True) or [],
        target=top.take(7, _target), consent=top.take(9, _consent, True),
        not_before=rollout.take(1, _uint(), True), not_after=rollout.take(2, _uint(), True),
        start_window=rollout.take(3, _uint(), True) or 0, reporting=top.take(11, _reporting))
    if result.kind == SOFTWARE and result.target.component is None:
        raise Refused("a software campaign needs a component id")
    if result.kind == PROVISIONING and "/" in result.campaign:
        raise Refused("the id of a provisioning campaign holds no slash")
    return result


def _present(pairs: dict) -> dict:
    return {key: value for key, value in pairs.items() if value is not None}


def build(it: Announcement) -> bytes:
    """The payload of the COSE_Sign1."""
    def entry(ref: ObjectRef) -> dict:
        return {1: ref.location, 2: ref.size, 3: ref.digest}

    target, reporting = it.target, it.reporting
    rollout = _present({1: it.not_before, 2: it.not_after, 3: it.start_window or None})
    return cbor.encode(_present({
        1: 1, 2: it.campaign, 3: it.number, 4: it.issued, 5: it.expires, 6: it.kind,
        7: _present({1: target.manufacturer, 2: target.model, 3: target.hardware, 4: target.installed,
                     5: target.component, 6: target.groups, 7: target.areas, 8: target.share, 9: target.version}),
        8: _present({1: it.channel, 2: it.tsi, 3: entry(it.command),
                     4: [entry(ref) for ref in it.packages] or None}),
        9: None if it.consent is None else {1: it.consent[0], 2: it.consent[1]},
        10: rollout or None,
        11: _present({1: reporting.who, 2: reporting.offset, 3: reporting.window, 4: reporting.sample,
                      5: reporting.attempts, 6: reporting.retry})}))


def share_number(device: str, campaign: str, extra: str | None = None) -> int:
    """The number of a Device in a campaign (section 5.3), 0 to 9999."""
    octets = device.encode() + b"\0" + campaign.encode()
    if extra is not None:
        octets += b"\0" + extra.encode()
    return int.from_bytes(hashlib.sha256(octets).digest()[:4], "big") % 10000
