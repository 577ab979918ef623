"""Checks 1 to 6 of the order of refusal (section 5.1)."""

import functools
from dataclasses import dataclass

from . import announcement, cose, notification
from .announcement import Announcement, share_number, version_key
from .config import DeviceConfig, Identity
from .errors import Refused


@dataclass
class Trigger:
    """A notification that passed checks 1 to 3."""

    package: notification.Notification
    it: Announcement


@functools.lru_cache(maxsize=256)
def read(datagram: bytes) -> tuple[notification.Notification, cose.Signed, Announcement]:
    """Check 1. Many Devices in one process hear the same datagram; it is read once."""
    package = notification.parse(datagram)
    signed = cose.parse(package.vendor)
    return package, signed, announcement.parse(signed.payload)


def form_digest_signature(datagram: bytes, config: DeviceConfig) -> Trigger:
    """Checks 1 to 3; Refused says which failed."""
    package, signed, it = read(datagram)
    registration = config.registrations.get(package.server)
    if registration is None or registration.withdrawn:
        raise Refused("digest: no registration with this provider")
    nonces = (registration.group_nonce, notification.SPECIAL_NONCE)
    if not any(package.digest_fits(registration.group_password, nonce) for nonce in nonces):
        raise Refused("digest: it does not fit")
    key = registration.keys.get(signed.key_id)
    if key is None:
        raise Refused("signature: unknown key id")
    if not signed.fits(key, package.header):
        raise Refused("signature: it does not fit")
    return Trigger(package, it)


def updates(installed: str | None, it: Announcement) -> bool:
    """Whether an installed version is one that the campaign updates."""
    wanted, result = it.target.installed, it.target.version
    if wanted is not None and (installed is None or not any(_same(installed, one) for one in wanted)):
        return False
    return result is None or installed is None or _newer(result, installed)


def _newer(version: str, than: str) -> bool:
    try:
        return version_key(version) > version_key(than)
    except ValueError:
        return version != than


def _same(left: str, right: str) -> bool:
    try:
        return version_key(left) == version_key(right)
    except ValueError:
        return left == right


def relevant(it: Announcement, identity: Identity, installed: str | None) -> bool:
    """Check 5: whether the campaign is for this Device. `installed` is the version it speaks of."""
    target = it.target
    pairs = ((target.manufacturer, identity.manufacturer), (target.model, identity.model))
    if any(wanted is not None and wanted != own for wanted, own in pairs):
        return False
    if target.hardware is not None and identity.hardware not in target.hardware:
        return False
    if target.groups is not None and not set(target.groups) & set(identity.groups):
        return False
    if target.areas is not None and (identity.area is None or identity.area not in target.areas):
        return False
    if target.share is not None and share_number(identity.device, it.campaign) >= target.share:
        return False
    return updates(installed, it)
