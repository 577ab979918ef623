"""What a Device is given from outside: its identity, its registrations, the world around it."""

from dataclasses import dataclass, field

from .net import Channel


@dataclass
class Identity:
    """Who the Device is. It does not change by itself."""

    device: str
    manufacturer: str = ""
    model: str = ""
    hardware: str = ""
    language: str = "en"
    groups: list[str] = field(default_factory=list)
    area: str | None = None


@dataclass
class Registration:
    """What section 0.2 wants a Device to hold for one provider."""

    server: str
    group_password: str
    group_nonce: bytes
    keys: dict[str, bytes]
    url: str
    user: str
    password: str
    server_password: str
    first_server_nonce: bytes
    first_nonce: bytes | None = None
    denied: list[str] = field(default_factory=list)
    withdrawn: bool = False

    def denies(self, uri: str) -> bool:
        """Whether access control keeps the server from a node."""
        return any(uri == node or uri.startswith(node + "/") for node in self.denied)


@dataclass
class World:
    """Conditions around the Device that the wire cannot cause."""

    storage_full: bool = False
    install_full: bool = False
    installer_fails: bool = False
    settings_fail: bool = False
    read_only: set[str] = field(default_factory=set)
    gives_way_after: int | None = None
    install_time: int = 50
    power_fails: str | None = None
    cut: object = None

    def moment(self, name: str) -> bool:
        """Says what is happening; True when the power fails now. `cut` is then called, once."""
        if self.power_fails != name:
            return False
        self.power_fails = None
        if self.cut is not None:
            self.cut()
        return True

    def refuses(self, node: str) -> bool:
        """Whether a setting is read-only. After so many refusals it may give way."""
        if node not in self.read_only:
            return False
        if self.gives_way_after is not None:
            if self.gives_way_after == 0:
                return False
            self.gives_way_after -= 1
        return True


@dataclass
class DeviceConfig:
    """All of it; `folder` keeps what survives a restart, `first` is the state it begins with."""

    identity: Identity
    notification: str
    channels: dict[str, Channel]
    registrations: dict[str, Registration]
    folder: str
    first: dict
    world: World = field(default_factory=World)


def first_state(firmware: str, software: str = "", components: dict | None = None, settings: dict | None = None) -> dict:
    """The state of a Device that left the factory. `components` maps id to (version, active)."""
    settings = {"RollCall": "", **(settings or {})}
    return {
        "software": {
            "firmware": {"version": firmware, "state": 10, "package": "", "urls": {}, "waiting": None},
            "components": {name: {"version": version, "active": active}
                           for name, (version, active) in (components or {}).items()},
            "delivered": {}, "urls": {}},
        "software_version": software, "settings": settings, "factory": dict(settings),
        "highest": {}, "nonces": {}, "campaigns": [], "reports": [], "log": [], "sessions": 0}
