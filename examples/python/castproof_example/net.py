"""Multicast sockets: a channel is an entry of the access configuration (section 0.1)."""

import asyncio
import ipaddress
import pathlib
import socket
import struct
from dataclasses import dataclass

_IP_MULTICAST_ALL, _IP_ADD_SOURCE_MEMBERSHIP, _MCAST_JOIN_SOURCE_GROUP = 49, 39, 46
_SO_MEMINFO = 55
_SO_RCVBUFFORCE = 33
_BUFFER = 4 << 20
_AT_ONCE = 64
_datagram = memoryview(bytearray(65536))
"""Where a datagram is received into: room for the longest one, made once and not for each."""


@dataclass(frozen=True)
class Channel:
    """Where a label is received and sent."""

    group: str
    port: int
    interface: str
    source: str | None = None
    ttl: int = 1

    @classmethod
    def of(cls, entry: dict) -> "Channel":
        """From an entry of the JSON table; ValueError when it is none."""
        group = ipaddress.ip_address(entry["group"])
        if not group.is_multicast or not 0 < int(entry["port"]) < 65536:
            raise ValueError(f"no multicast group and port: {entry}")
        return cls(str(group), int(entry["port"]), str(entry["interface"]), entry.get("source") or None,
                   int(entry.get("ttl", 1)))

    @property
    def v6(self) -> bool:
        return ":" in self.group


def _index(address: str) -> int:
    """The number of the interface that has an IPv6 address."""
    wanted = ipaddress.IPv6Address(address.partition("%")[0])
    for line in pathlib.Path("/proc/net/if_inet6").read_text().splitlines():
        text, index = line.split()[:2]
        if ipaddress.IPv6Address(bytes.fromhex(text)) == wanted:
            return int(index, 16)
    raise OSError(f"no interface has the address {address}")


def _storage(address: str) -> bytes:
    """A sockaddr_storage with an address."""
    if ":" in address:
        head = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), 0)
    else:
        head = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
    return head.ljust(128, b"\0")


def receiver(channel: Channel) -> socket.socket:
    """A socket that has joined the channel."""
    family = socket.AF_INET6 if channel.v6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.setblocking(False)
        if channel.v6:
            index = _index(channel.interface)
            sock.bind((channel.group, channel.port, 0, index))
            if channel.source:
                request = struct.pack("=Ixxxx", index) + _storage(channel.group) + _storage(channel.source)
                sock.setsockopt(socket.IPPROTO_IPV6, _MCAST_JOIN_SOURCE_GROUP, request)
            else:
                request = socket.inet_pton(family, channel.group) + struct.pack("=I", index)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
            sock.bind((channel.group, channel.port))
            group, interface = socket.inet_aton(channel.group), socket.inet_aton(channel.interface)
            if channel.source:
                request = group + interface + socket.inet_aton(channel.source)
                sock.setsockopt(socket.IPPROTO_IP, _IP_ADD_SOURCE_MEMBERSHIP, request)
            else:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + interface)
    except BaseException:
        sock.close()
        raise
    return sock


def sender(channel: Channel) -> socket.socket:
    """A connected socket that sends to the channel."""
    family = socket.AF_INET6 if channel.v6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if channel.v6:
            index = _index(channel.interface)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, channel.ttl)
            sock.bind((channel.interface, 0))
            sock.connect((channel.group, channel.port, 0, index))
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(channel.interface))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, channel.ttl)
            sock.bind((channel.interface, 0))
            sock.connect((channel.group, channel.port))
    except BaseException:
        sock.close()
        raise
    return sock


def drops(sock) -> int:
    """How many datagrams the kernel dropped on a socket so far."""
    return struct.unpack("=9I", sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36))[8]


class Membership:
    """A channel that was joined: every datagram goes to `take`, until `leave`."""

    def __init__(self, channel: Channel, take):
        self._socket, self._take = receiver(channel), take
        self._source = ipaddress.ip_address(channel.source) if channel.source else None
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def _read(self) -> None:
        # Many at once: a burst must not wait in the kernel, where there is little room.
        for _ in range(_AT_ONCE):
            try:
                count, address = self._socket.recvfrom_into(_datagram)
            except OSError:
                return
            data = bytes(_datagram[:count])
            if self._source is None or ipaddress.ip_address(address[0].partition("%")[0]) == self._source:
                self._take(data)
                if self._socket.fileno() < 0:
                    return

    def leave(self) -> int:
        """Leaves the channel at once; gives the number of datagrams that were dropped on it."""
        lost = drops(self._socket)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        return lost
