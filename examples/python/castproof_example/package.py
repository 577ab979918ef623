"""The header of a package (section 4.5)."""

import base64
import binascii

from . import cose
from .errors import Refused

MAGIC = b"castproof-package/1\n"
MAX_HEADER = 1024


class NotAcceptable(Exception):
    """Why a package is not installed: `fumo` and `scomo` are the result codes."""

    def __init__(self, fumo: int, scomo: int, text: str):
        super().__init__(text)
        self.fumo, self.scomo = fumo, scomo


def split(octets: bytes) -> tuple[dict[str, str] | None, bytes]:
    """Header and image; the header is None when there is none."""
    if not octets.startswith(MAGIC):
        return None, octets
    end = octets[:MAX_HEADER].find(b"\n\n")
    if end < 0:
        raise Refused("the package header does not end within 1,024 octets")
    try:
        lines = octets[len(MAGIC):end + 1].decode().split("\n")[:-1]
    except UnicodeDecodeError:
        raise Refused("the package header is no UTF-8") from None
    header: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        if not colon or not name or name in header:
            raise Refused("a line of the package header is no 'name: value', or a name stands twice")
        header[name] = value
    return header, octets[end + 2:]


def check(octets: bytes, identity: dict, version: str | None, keys: dict[str, bytes], environments=("native",)) -> None:
    """Raises NotAcceptable when the package does not fit this Device and campaign."""
    try:
        header, image = split(octets)
    except Refused as error:
        raise NotAcceptable(405, 1405, str(error)) from None
    if header is None:
        return
    if "signature" in header:
        try:
            signature = base64.b64decode(header["signature"], validate=True)
        except (binascii.Error, ValueError):
            signature = b""
        if not any(cose.verify(key, signature, image) for key in keys.values()):
            raise NotAcceptable(404, 1407, "the signature of the package does not fit")
    for name in ("manufacturer", "model"):
        if name in header and header[name] != identity[name]:
            raise NotAcceptable(403, 1405, f"the package is for {name} {header[name]}")
    if header.get("environment", "native") not in environments:
        raise NotAcceptable(405, 1413, f"the package needs environment {header['environment']}")
    if version is not None and header.get("version", version) != version:
        raise NotAcceptable(405, 1405, f"the package has version {header['version']}")
