"""ALC packets (RFC 5775, RFC 5651) and the blocks of FEC Encoding ID 0 (RFC 5445, RFC 5052)."""

from dataclasses import dataclass

from .errors import Refused


@dataclass(frozen=True)
class Oti:
    """Object transmission information: octets of the object, of a symbol, symbols of a block."""

    length: int
    symbol: int
    block: int
    fec: int = 0


@dataclass
class Packet:
    """One ALC packet. `toi` is None when absent; `block` is None in a packet without symbols."""

    tsi: int
    toi: int | None
    close_session: bool = False
    close_object: bool = False
    codepoint: int = 0
    fdt: tuple[int, int] | None = None
    oti: Oti | None = None
    encoded: bool = False
    block: int | None = None
    index: int = 0
    symbols: bytes = b""


def _fti(codepoint: int, raw: bytes) -> Oti | None:
    """EXT_FTI of FEC Encoding ID 0; of other IDs nothing is known."""
    if codepoint != 0 or len(raw) < 16:
        return None
    return Oti(int.from_bytes(raw[2:8], "big"), int.from_bytes(raw[10:12], "big"),
               int.from_bytes(raw[12:16], "big"))


def parse(octets: bytes) -> Packet:
    """Reads a packet; Refused when it does not parse."""
    if len(octets) < 4 or octets[0] >> 4 != 1:
        raise Refused("no LCT packet of version 1")
    flags, words, codepoint = octets[1], octets[2] * 4, octets[3]
    half = flags >> 4 & 1
    tsi_size, toi_size = 4 * (flags >> 7) + 2 * half, 4 * (flags >> 5 & 3) + 2 * half
    at = 4 + 4 * ((octets[0] >> 2 & 3) + 1)
    if tsi_size == 0:
        raise Refused("LCT packet without TSI")
    if words > len(octets) or at + tsi_size + toi_size > words:
        raise Refused("LCT header runs past the packet")
    packet = Packet(int.from_bytes(octets[at:at + tsi_size], "big"), None, bool(flags & 2), bool(flags & 1), codepoint)
    at += tsi_size
    if toi_size:
        packet.toi = int.from_bytes(octets[at:at + toi_size], "big")
    at += toi_size
    while at < words:
        kind = octets[at]
        size = 4 if kind > 127 else (octets[at + 1] * 4 if at + 1 < words else 0)
        if size == 0 or at + size > words:
            raise Refused("LCT extension runs past the header")
        raw = octets[at:at + size]
        if kind == 192:
            number = int.from_bytes(raw[1:4], "big")
            packet.fdt = (number >> 20, number & 0xFFFFF)
        elif kind == 64:
            packet.oti = _fti(codepoint, raw)
        elif kind == 193:
            packet.encoded = raw[1] != 0
        at += size
    body = octets[words:]
    if packet.toi is not None and len(body) > 4:
        packet.block, packet.index = int.from_bytes(body[:2], "big"), int.from_bytes(body[2:4], "big")
        packet.symbols = body[4:]
    return packet


def _word(tsi: int, toi: int | None) -> tuple[int, bytes]:
    """Flags and octets of TSI and TOI: 16 bits each where they fit, else 32 or 48 bits of TSI."""
    if tsi < 1 << 16 and toi is not None and toi < 1 << 16:
        return 0x10, tsi.to_bytes(2, "big") + toi.to_bytes(2, "big")
    if tsi < 1 << 32:
        if toi is None:
            return 0x80, tsi.to_bytes(4, "big")
        return 0xA0, tsi.to_bytes(4, "big") + toi.to_bytes(4, "big")
    # With the half word both fields grow by 16 bits: 48 bits of TSI, 16 or 48 of TOI.
    return 0x90, tsi.to_bytes(6, "big") + (toi or 0).to_bytes(2, "big")


def build(packet: Packet) -> bytes:
    """The octets of a packet; `oti` and `fdt` become extensions."""
    flags, names = _word(packet.tsi, packet.toi)
    extensions = b""
    if packet.fdt is not None:
        version, instance = packet.fdt
        extensions += b"\xc0" + (version << 20 | instance).to_bytes(3, "big")
    if packet.oti is not None:
        oti = packet.oti
        extensions += (b"\x40\x04" + oti.length.to_bytes(6, "big") + bytes(2)
                       + oti.symbol.to_bytes(2, "big") + oti.block.to_bytes(4, "big"))
    length = 8 + len(names) + len(extensions)
    flags |= 2 * packet.close_session | packet.close_object
    header = bytes([0x10, flags, length // 4, packet.codepoint]) + bytes(4) + names + extensions
    if packet.block is None:
        return header
    return header + packet.block.to_bytes(2, "big") + packet.index.to_bytes(2, "big") + packet.symbols


class Blocks:
    """How an object divides into source blocks."""

    def __init__(self, oti: Oti):
        if oti.fec != 0 or oti.symbol < 1 or oti.block < 1:
            raise Refused("no usable FEC information")
        self.oti = oti
        self.total = -(-oti.length // oti.symbol)
        self.count = max(1, -(-self.total // oti.block))
        self.large = -(-self.total // self.count)
        self.small = self.total // self.count
        self.larges = self.total - self.small * self.count
        if self.count > 1 << 16 or self.large > 1 << 16:
            raise Refused("more blocks or symbols than the FEC Payload ID can name")

    def position(self, block: int, index: int) -> int:
        """The number of a symbol within the object."""
        size = self.large if block < self.larges else self.small
        if block >= self.count or index >= size:
            raise Refused("no such symbol")
        return min(block, self.larges) * self.large + max(0, block - self.larges) * self.small + index

    def __iter__(self):
        """Yields (block, index, offset) of every symbol in order."""
        number = 0
        for block in range(self.count):
            for index in range(self.large if block < self.larges else self.small):
                yield block, index, number * self.oti.symbol
                number += 1


class Collector:
    """Gathers one object. It never holds more than the announced number of octets."""

    def __init__(self, oti: Oti):
        self.blocks = Blocks(oti)
        self.octets = bytearray(oti.length)
        self._have = bytearray(self.blocks.total)
        self._missing = self.blocks.total

    def add(self, block: int, index: int, symbol: bytes) -> None:
        """Takes the one symbol of a packet; what does not fit the object is refused."""
        size, length = self.blocks.oti.symbol, self.blocks.oti.length
        number = self.blocks.position(block, index)
        start = number * size
        if len(symbol) != min(size, length - start):
            raise Refused("a symbol of another length")
        self.octets[start:start + len(symbol)] = symbol
        self._missing -= not self._have[number]
        self._have[number] = 1

    @property
    def complete(self) -> bool:
        return self._missing == 0
