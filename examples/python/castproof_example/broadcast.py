"""Sending one campaign: notifications, and a carousel on the delivery channel."""

import asyncio
from dataclasses import dataclass, field

from . import alc, fdt, net
from .announcement import Announcement

SYMBOL, BLOCK = 1024, 64
BURST = 16
"""Packets between two pauses: receivers on a small machine must keep up."""


@dataclass
class Broadcast:
    """A campaign ready for the air. Durations are milliseconds."""

    it: Announcement
    datagram: bytes
    objects: list[tuple[str, str, bytes]]
    fdt_instance: int
    fdt_expires: int
    version: int = 2
    cycles: int = 2
    notifications: int = 2
    notification_gap: int = 100
    lead: int = 200
    cycle_gap: int = 50
    closings: int = 3
    lost: set = field(default_factory=set)


def packets(broadcast: Broadcast, last: bool) -> list[bytes]:
    """One cycle: the FDT, then every object. `last` sets flag B at the end of each object."""
    tsi = broadcast.it.tsi
    files = [fdt.File(toi, location, len(octets), kind, 0, SYMBOL, BLOCK)
             for toi, (location, kind, octets) in enumerate(broadcast.objects, 1)]
    table = fdt.build(broadcast.fdt_expires, files)
    # The FDT goes in one packet, so its symbol is as long as it is.
    size = max(SYMBOL, len(table))
    head = (broadcast.version, broadcast.fdt_instance)
    result = [alc.build(alc.Packet(tsi, 0, fdt=head, oti=alc.Oti(len(table), size, BLOCK), block=0, symbols=table))]
    for toi, (_, _, octets) in enumerate(broadcast.objects, 1):
        places = list(alc.Blocks(alc.Oti(len(octets), SYMBOL, BLOCK)))
        for number, (block, index, offset) in enumerate(places, 1):
            result.append(alc.build(alc.Packet(
                tsi, toi, close_object=last and number == len(places), block=block, index=index,
                symbols=octets[offset:offset + SYMBOL])))
    return result


class Sender:
    """A socket that waits a little where the buffer is full."""

    def __init__(self, channel: net.Channel):
        self.socket = net.sender(channel)
        self.socket.setblocking(False)
        self.sent = 0

    async def send(self, octets: bytes) -> None:
        """Sends one datagram."""
        await asyncio.get_running_loop().sock_sendall(self.socket, octets)
        self.sent += 1
        if self.sent % BURST == 0:
            await asyncio.sleep(0.002)

    def close(self) -> None:
        self.socket.close()


async def notify(broadcast: Broadcast, channel: net.Channel, clock, first=None) -> None:
    """Sends the notification, as often as the campaign wants; `first` is called after the first."""
    sender = Sender(channel)
    try:
        for number in range(broadcast.notifications):
            if number:
                await clock.sleep(broadcast.notification_gap)
            await sender.send(broadcast.datagram)
            if number == 0 and first is not None:
                first()
    finally:
        sender.close()


async def deliver(broadcast: Broadcast, channel: net.Channel, clock) -> None:
    """Sends the carousel, then closes the session."""
    sender = Sender(channel)
    try:
        await clock.sleep(broadcast.lead)
        for cycle in range(broadcast.cycles):
            if cycle:
                await clock.sleep(broadcast.cycle_gap)
            for packet in packets(broadcast, cycle == broadcast.cycles - 1):
                await sender.send(packet)
        closing = alc.build(alc.Packet(broadcast.it.tsi, None, close_session=True))
        for _ in range(broadcast.closings):
            await sender.send(closing)
            await clock.sleep(20)
    finally:
        sender.close()
