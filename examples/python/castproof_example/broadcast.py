"""Sending one campaign: notifications, and a carousel on the delivery channel."""

import asyncio
from dataclasses import dataclass, field

from . import alc, fdt, net
from .announcement import Announcement

BLOCK = 64
BURST = 16
"""Packets between two pauses: receivers on a small machine must keep up."""
CLOSINGS = 3


@dataclass
class Air:
    """How a campaign is sent. Durations are milliseconds. `later`: packages join after the Command."""

    version: int = 2
    cycles: int = 2
    symbol: int = 1024
    lead: int = 200
    cycle_gap: int = 50
    later: bool = False


@dataclass
class Broadcast:
    """A campaign ready for the air. `objects` are (location, type, octets), the Command first."""

    it: Announcement
    datagram: bytes
    objects: list[tuple[str, str, bytes]]
    instance: int
    expires: int
    air: Air = field(default_factory=Air)


@dataclass
class Progress:
    """How far a campaign has come, so that a restart neither repeats what was closed nor loses the rest."""

    cycle: int = 0
    closed: int = 0


def packets(broadcast: Broadcast, count: int, last: bool, closed: int = 0) -> list[bytes]:
    """The FDT, then the first `count` objects but for those that are closed. `last` sets flag B."""
    tsi, air, objects = broadcast.it.tsi, broadcast.air, broadcast.objects[:count]
    files = [fdt.File(toi, location, len(octets), kind, 0, air.symbol, BLOCK)
             for toi, (location, kind, octets) in enumerate(objects, 1)]
    complete = count >= len(broadcast.objects)
    table = fdt.build(broadcast.expires, files, complete)
    # The FDT goes in one packet, so its symbol is as long as it is.
    oti = alc.Oti(len(table), max(air.symbol, len(table)), BLOCK)
    # Two contents have two instances: the one before the packages joined, and the one with them.
    instance = (broadcast.instance + (air.later and complete)) % (1 << 20)
    result = [alc.build(alc.Packet(tsi, 0, fdt=(air.version, instance), oti=oti, block=0, symbols=table))]
    for toi, (_, _, octets) in list(enumerate(objects, 1))[closed:]:
        places = list(alc.Blocks(alc.Oti(len(octets), air.symbol, BLOCK)))
        for number, (block, index, offset) in enumerate(places, 1):
            result.append(alc.build(alc.Packet(
                tsi, toi, close_object=last and number == len(places), block=block, index=index,
                symbols=octets[offset:offset + air.symbol])))
    return result


class Sender:
    """A socket that waits a little where the buffer is full."""

    def __init__(self, channel: net.Channel):
        self.socket = net.sender(channel)
        self.socket.setblocking(False)
        self.sent = 0

    @property
    def source(self) -> str:
        """Where its datagrams come from."""
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def send(self, octets: bytes) -> None:
        """Sends one datagram."""
        await asyncio.get_running_loop().sock_sendall(self.socket, octets)
        self.sent += 1
        if self.sent % BURST == 0:
            await asyncio.sleep(0.002)

    def close(self) -> None:
        self.socket.close()


async def send(broadcast: Broadcast, notification: Sender, delivery: Sender, clock, begun, progress: Progress) -> None:
    """Airs a campaign to its close; `begun` is called after each datagram that changed the progress."""
    air, whole = broadcast.air, len(broadcast.objects)
    await notification.send(broadcast.datagram)
    begun()
    first = progress.cycle
    for cycle in range(first, air.cycles):
        if cycle > first:
            await clock.sleep(air.cycle_gap)
            await notification.send(broadcast.datagram)
        await clock.sleep(air.lead)
        last = cycle == air.cycles - 1
        if air.later and cycle == 0:
            for packet in packets(broadcast, 1, False):
                await delivery.send(packet)
            if not last:
                progress.cycle += 1
                continue
        for packet in packets(broadcast, whole, last, progress.closed):
            await delivery.send(packet)
            # Byte 1 of an LCT header holds flag B.
            if packet[1] & 1:
                progress.closed += 1
                begun()
        progress.cycle += 1
    # Noted before the session closes: after a restart nothing but the closing may follow it.
    begun()
    closing = alc.build(alc.Packet(broadcast.it.tsi, None, close_session=True))
    for number in range(CLOSINGS):
        if number:
            await clock.sleep(20)
        await delivery.send(closing)
