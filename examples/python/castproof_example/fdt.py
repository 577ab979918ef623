"""The file delivery table of section 3."""

from dataclasses import dataclass

from . import xmltext
from .alc import Oti
from .errors import Refused

NTP = 2208988800
"""Seconds from 1900 to 1970."""
MAX_FDT = 65536


@dataclass
class File:
    """One entry. Numbers that were not given are None."""

    toi: int
    location: str
    length: int | None = None
    kind: str = "application/octet-stream"
    fec: int | None = None
    symbol: int | None = None
    block: int | None = None
    encoded: bool = False

    def oti(self) -> Oti | None:
        """FEC information, when the entry has all of it."""
        if None in (self.length, self.symbol, self.block):
            return None
        return Oti(self.length, self.symbol, self.block, self.fec or 0)


@dataclass
class Fdt:
    """`expires` is in milliseconds since 1970."""

    expires: int
    complete: bool
    files: list[File]


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise Refused("an FDT attribute is no number")
    return int(text)


def parse(octets: bytes) -> Fdt:
    """Reads an FDT by local names; unknown elements and attributes are passed over."""
    root = xmltext.parse(octets, MAX_FDT)
    if xmltext.local(root.tag) != "FDT-Instance":
        raise Refused("no FDT-Instance")
    common = {xmltext.local(key): value for key, value in root.attrib.items()}
    expires = _number(common.get("Expires"))
    if expires is None:
        raise Refused("an FDT without Expires")
    files = []
    for element in xmltext.children(root, "File"):
        own = {xmltext.local(key): value for key, value in element.attrib.items()}
        try:
            files.append(_file(own, common))
        except Refused:
            continue
    return Fdt((expires - NTP) * 1000, common.get("Complete", "") in ("true", "1"), files)


def _file(own: dict, common: dict) -> File:
    toi, location = _number(own.get("TOI")), own.get("Content-Location")
    if not toi or location is None:
        raise Refused("a File without TOI or Content-Location")

    def value(name):
        text = own.get(name, common.get(name))
        return text

    length = _number(own.get("Transfer-Length"))
    if length is None:
        length = _number(own.get("Content-Length"))
    encoding = value("Content-Encoding")
    return File(toi, location, length, value("Content-Type") or "", _number(value("FEC-OTI-FEC-Encoding-ID")),
                _number(value("FEC-OTI-Encoding-Symbol-Length")),
                _number(value("FEC-OTI-Maximum-Source-Block-Length")), encoding not in (None, "", "null", "identity"))


def build(expires: int, files: list[File], complete: bool = True) -> bytes:
    """An FDT; `expires` in milliseconds since 1970, rounded up to a second."""
    last = ' Complete="true"' if complete else ""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<FDT-Instance xmlns="urn:ietf:params:xml:ns:fdt" Expires="{-(-expires // 1000) + NTP}"{last}>']
    for file in files:
        lines.append(
            f'  <File TOI="{file.toi}" Content-Location={xmltext.quoteattr(file.location)}'
            f' Content-Length="{file.length}" Transfer-Length="{file.length}" Content-Type={xmltext.quoteattr(file.kind)}'
            f' FEC-OTI-FEC-Encoding-ID="0" FEC-OTI-Maximum-Source-Block-Length="{file.block}"'
            f' FEC-OTI-Encoding-Symbol-Length="{file.symbol}"/>')
    lines += ["</FDT-Instance>", ""]
    return "\n".join(lines).encode()
