"""Deterministic CBOR (RFC 8949 section 4.2), strict in both directions.

General libraries accept long forms, indefinite lengths and keys that stand twice. The profile
refuses them, so the decoder here is its own. Integer map keys decode to `int`; every other key
decodes to `("key", octets)`, so that `true` is never taken for 1.
"""

import struct

from .errors import Refused

MAX_DEPTH = 32
"""Nesting beyond this is refused; the profile asks for sixteen levels."""


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, number)
    raise ValueError("a CBOR integer has at most 64 bits")


class Tag:
    """A tagged value."""

    def __init__(self, number: int, value):
        self.number, self.value = number, value


def encode(value) -> bytes:
    """Encodes integers, octets, text, lists, dicts, tags, booleans and None."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        pairs = sorted((encode(key), encode(item)) for key, item in value.items())
        return _head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
    if isinstance(value, Tag):
        return _head(6, value.number) + encode(value.value)
    raise TypeError(f"no CBOR for {type(value).__name__}")


class _Reader:
    def __init__(self, octets: bytes):
        self.octets, self.at = octets, 0

    def take(self, count: int) -> bytes:
        if count > len(self.octets) - self.at:
            raise Refused("CBOR ends inside a value")
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Refused("CBOR of indefinite length or with a reserved form")
        size = 1 << info - 24
        number = int.from_bytes(self.take(size), "big")
        if number < (24 if size == 1 else 1 << 4 * size):
            raise Refused("CBOR integer is not in its shortest form")
        return number

    def simple(self, info: int):
        if info < 20:
            return ("simple", info)
        if info < 24:
            return {20: False, 21: True, 22: None}.get(info, ("simple", 23))
        if info == 24:
            number = self.take(1)[0]
            if number < 32:
                raise Refused("CBOR simple value in a long form")
            return ("simple", number)
        if info > 27:
            raise Refused("CBOR break or reserved value")
        size = {25: 2, 26: 4, 27: 8}[info]
        raw = self.take(size)
        return ("float", _shortest_float(raw))

    def value(self, depth: int):
        if depth > MAX_DEPTH:
            raise Refused("CBOR nests too deep")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self.simple(info)
        number = self.number(info)
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.take(number)
        if major == 3:
            try:
                return self.take(number).decode()
            except UnicodeDecodeError:
                raise Refused("CBOR text is not UTF-8") from None
        if major == 4:
            if number > len(self.octets):
                raise Refused("CBOR ends inside a value")
            return [self.value(depth + 1) for _ in range(number)]
        if major == 5:
            return self.map(number, depth)
        return Tag(number, self.value(depth + 1))

    def map(self, count: int, depth: int) -> dict:
        if count > len(self.octets):
            raise Refused("CBOR ends inside a value")
        result, last = {}, b""
        for _ in range(count):
            start = self.at
            key = self.value(depth + 1)
            raw = self.octets[start:self.at]
            if raw <= last:
                raise Refused("CBOR map keys are not in ascending order, or one stands twice")
            last = raw
            result[key if type(key) is int else ("key", raw)] = self.value(depth + 1)
        return result


def _shortest_float(raw: bytes) -> float:
    form = {2: ">e", 4: ">f", 8: ">d"}
    number = struct.unpack(form[len(raw)], raw)[0]
    if number != number:
        if raw != b"\x7e\x00":
            raise Refused("CBOR NaN is not in its shortest form")
        return number
    for size in (2, 4):
        if size < len(raw):
            try:
                short = struct.unpack(form[size], struct.pack(form[size], number))[0]
            except OverflowError:
                continue
            if short == number:
                raise Refused("CBOR float is not in its shortest form")
    return number


def decode(octets: bytes):
    """Decodes one value that fills all of `octets`; anything not deterministic is refused."""
    reader = _Reader(octets)
    value = reader.value(0)
    if reader.at != len(octets):
        raise Refused("octets after the end of the CBOR value")
    return value
