"""COSE_Sign1 with Ed25519 (section 2.2)."""

import functools
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from . import cbor
from .errors import Refused


@dataclass(frozen=True)
class Signed:
    """A signed announcement whose form is right; nothing is said yet about its signature."""

    key_id: str
    protected: bytes
    payload: bytes
    signature: bytes

    def fits(self, public_key: bytes, external: bytes) -> bool:
        """Whether `public_key` signed this together with the octets `external`."""
        return verify(public_key, self.signature, _octets(self.protected, external, self.payload))


@functools.lru_cache(maxsize=256)
def verify(public_key: bytes, signature: bytes, octets: bytes) -> bool:
    """Whether an Ed25519 signature over `octets` is right."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, octets)
    except (InvalidSignature, ValueError):
        return False
    return True


def _octets(protected: bytes, external: bytes, payload: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, external, payload])


def parse(octets: bytes) -> Signed:
    """Reads `18([protected, {}, payload, signature])` and nothing else."""
    value = cbor.decode(octets)
    if not isinstance(value, cbor.Tag) or value.number != 18:
        raise Refused("no COSE_Sign1 with tag 18")
    parts = value.value
    if not isinstance(parts, list) or len(parts) != 4:
        raise Refused("a COSE_Sign1 has four parts")
    protected, unprotected, payload, signature = parts
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise Refused("a part of the COSE_Sign1 is no byte string")
    if unprotected != {}:
        raise Refused("the unprotected header is not the empty map")
    if len(signature) != 64:
        raise Refused("the signature has not 64 octets")
    header = cbor.decode(protected)
    if not isinstance(header, dict) or set(header) != {1, 4} or header[1] != -8 or not isinstance(header[4], bytes):
        raise Refused("the protected header is not that of the profile")
    try:
        key_id = header[4].decode()
    except UnicodeDecodeError:
        raise Refused("the key id is no UTF-8") from None
    if not 1 <= len(header[4]) <= 64:
        raise Refused("the key id has not 1 to 64 octets")
    return Signed(key_id, protected, payload, signature)


def sign(payload: bytes, key_id: str, private_key: bytes, external: bytes) -> bytes:
    """The COSE_Sign1 of an announcement; `private_key` is the 32 octets of the seed."""
    protected = cbor.encode({1: -8, 4: key_id.encode()})
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    signature = key.sign(_octets(protected, external, payload))
    return cbor.encode(cbor.Tag(18, [protected, {}, payload, signature]))
