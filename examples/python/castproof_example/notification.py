"""The notification of section 1: a WSP Push with a Package #0 whose vendor octets announce."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from .errors import Refused

MAX_DATAGRAM = 1400
MAX_WSP = 48
SPECIAL_NONCE = bytes(4)


@dataclass(frozen=True)
class Notification:
    """Package #0. `header` is what the signature covers too: version up to server identifier."""

    digest: bytes
    ui_mode: int
    session: int
    server: str
    header: bytes
    vendor: bytes

    def digest_fits(self, password: str, nonce: bytes) -> bool:
        """Whether the digest was made with this group account."""
        right = digest(self.server, password, nonce, self.header + self.vendor)
        return hmac.compare_digest(right, self.digest)


def _b64md5(octets: bytes) -> bytes:
    return base64.b64encode(hashlib.md5(octets).digest())


def digest(server: str, password: str, nonce: bytes, trigger: bytes) -> bytes:
    """The 16 octets in front of Package #0."""
    account = _b64md5(f"{server}:{password}".encode())
    return hashlib.md5(account + b":" + nonce + b":" + _b64md5(trigger)).digest()


def _uintvar(octets: bytes, at: int) -> tuple[int, int]:
    number = 0
    for count in range(5):
        if at + count >= len(octets):
            raise Refused("the datagram ends inside HeadersLen")
        octet = octets[at + count]
        if count == 0 and octet == 0x80:
            raise Refused("HeadersLen is padded")
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            return number, at + count + 1
    raise Refused("HeadersLen has more than five octets")


def parse(datagram: bytes) -> Notification:
    """Reads a datagram; everything that section 1 lists is refused."""
    if len(datagram) > MAX_DATAGRAM:
        raise Refused("the datagram has more than 1,400 octets")
    if len(datagram) < 2 or datagram[1] != 6:
        raise Refused("no WSP Push")
    length, at = _uintvar(datagram, 2)
    body = at + length
    if body > len(datagram):
        raise Refused("HeadersLen runs past the datagram")
    if body > MAX_WSP:
        raise Refused("more than 48 octets in front of the digest")
    if length < 3 or datagram[at:at + 3] != b"\xc4\xaf\x87":
        raise Refused("another content type or application id")
    package = datagram[body:]
    if len(package) < 24:
        raise Refused("Package #0 ends inside a field")
    flags = int.from_bytes(package[16:21], "big")
    if flags >> 30 != 11:
        raise Refused("another version than 1.1")
    if flags & (1 << 27) - 1:
        raise Refused("a reserved bit is set")
    if not flags >> 27 & 1:
        raise Refused("the initiator is not the server")
    session = int.from_bytes(package[21:23], "big")
    if session == 0:
        raise Refused("SessionID 0")
    end = 24 + package[23]
    if end == 24:
        raise Refused("empty server identifier")
    if end > len(package):
        raise Refused("Package #0 ends inside the server identifier")
    if end == len(package):
        raise Refused("Package #0 without vendor octets")
    try:
        server = package[24:end].decode()
    except UnicodeDecodeError:
        raise Refused("the server identifier is no text") from None
    return Notification(package[:16], flags >> 28 & 3, session, server, package[16:end], package[end:])


def trigger_header(ui_mode: int, session: int, server: str) -> bytes:
    """The octets from the version up to the server identifier."""
    name = server.encode()
    if not 1 <= len(name) <= 255 or not 1 <= session <= 0xFFFF:
        raise ValueError("server identifier or SessionID out of range")
    flags = 11 << 30 | ui_mode << 28 | 1 << 27
    return flags.to_bytes(5, "big") + session.to_bytes(2, "big") + bytes([len(name)]) + name


def build(tid: int, server: str, password: str, nonce: bytes, header: bytes, vendor: bytes) -> bytes:
    """The whole datagram."""
    trigger = header + vendor
    datagram = bytes([tid & 255, 6, 3]) + b"\xc4\xaf\x87" + digest(server, password, nonce, trigger) + trigger
    if len(datagram) > MAX_DATAGRAM:
        raise ValueError(f"the notification has {len(datagram)} octets; 1,400 is the most")
    return datagram
