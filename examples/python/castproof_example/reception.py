"""Receiving one delivery session (section 3.2): which objects are whole, and when it ended."""

import asyncio
import hashlib

from . import alc, fdt, net
from .announcement import Announcement, ObjectRef
from .clock import pause
from .errors import Refused

_MAX_TABLES = 4
MAX_OBJECT = 64 << 20
"""Octets of the largest object that there is room for."""


class Reception:
    """Collects the Command and the packages of a campaign, and watches for the end of transmission.

    `known_expiry` is the Expires of an FDT that was seen before a restart; `arrived` is asked when the
    Command is whole, before anything of it is noted, and says whether the power fails.
    """

    def __init__(self, it: Announcement, store, clock, known_expiry: int | None = None, arrived=lambda: False):
        self.it, self.store, self.clock, self._arrived = it, store, clock, arrived
        self._dark = False
        self.dropped = 0
        self.wanted: dict[str, ObjectRef] = {ref.location: ref for ref in [it.command, *it.packages]}
        self.done = {ref.location for ref in self.wanted.values() if store.get(ref.digest) is not None}
        self.damaged: set[str] = set()
        self.refused: set[str] = set()
        self.end: int | None = None
        self.expiry = known_expiry
        self._newest: int | None = None
        self._files: dict[int, fdt.File] = {}
        self._parts: dict[int, alc.Collector] = {}
        self._tables: dict[tuple[int, alc.Oti], alc.Collector] = {}
        self._closed: set[int] = set()
        self._started = False
        self._changed = asyncio.Event()
        self._membership: net.Membership | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self, channel: net.Channel | None) -> None:
        """Joins the channel, if there is one, and watches the clock."""
        self._watch()
        if channel is not None and self._membership is None and self.end is None:
            self._membership = net.Membership(channel, self.take)

    def leave(self) -> None:
        """Leaves the channel; the clock goes on."""
        if self._membership is not None:
            self.dropped += self._membership.leave()
            self._membership = None

    def close(self) -> None:
        """Leaves the channel for good."""
        self.leave()
        self._unwatch()

    def want(self, locations: set[str]) -> None:
        """Narrows the packages to those that the Command needs."""
        keep = locations | {self.it.command.location}
        self.wanted = {key: ref for key, ref in self.wanted.items() if key in keep}
        for toi in [toi for toi, file in self._files.items() if file.location not in keep]:
            self._parts.pop(toi, None)
        self._judge_closing()

    async def object(self, location: str) -> bytes | None:
        """Waits for an object; None when the transmission ended without it."""
        while location not in self.done and self.end is None:
            await self._changed.wait()
        return self.octets(location)

    def octets(self, location: str) -> bytes | None:
        """An object that is complete and right."""
        ref = self.wanted.get(location)
        return self.store.get(ref.digest) if ref is not None and location in self.done else None

    async def ended(self) -> int:
        """Waits for the end of transmission; gives its time."""
        while self.end is None:
            await self._changed.wait()
        return self.end

    def was_damaged(self, location: str) -> bool:
        """Whether an object came whole, or was offered, with another size or digest than announced."""
        return location in self.damaged or location in self.refused

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _finish(self, when: int) -> None:
        if self.end is None:
            self.end = when
            self.leave()
            self._parts.clear()
            self._tables.clear()
            self._unwatch()
            self._change()

    def _watch(self) -> None:
        """Looks whether the time is over, and again when it may be."""
        self._unwatch()
        if self.end is not None:
            return
        limit = self.it.expires if self.expiry is None else self.expiry
        if self.clock.now() >= limit:
            self._finish(limit)
        else:
            self._timer = asyncio.get_running_loop().call_later(pause(limit - self.clock.now()), self._watch)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def take(self, datagram: bytes) -> None:
        """Takes one datagram of the channel."""
        if self.end is not None or self._dark:
            return
        try:
            packet = alc.parse(datagram)
        except Refused:
            return
        if packet.tsi != self.it.tsi:
            return
        try:
            if packet.block is not None:
                self._started = True
                if packet.toi == 0:
                    self._table(packet)
                else:
                    self._symbols(packet)
        except Refused:
            pass
        if packet.close_object and packet.toi:
            self._closed.add(packet.toi)
            self._judge_closing()
        if packet.close_session and self._started:
            self._finish(self.clock.now())

    def _judge_closing(self) -> None:
        closed = {self._files[toi].location for toi in self._closed if toi in self._files}
        if self.wanted.keys() <= closed:
            self._finish(self.clock.now())

    def _table(self, packet: alc.Packet) -> None:
        if packet.fdt is None or packet.fdt[0] not in (1, 2) or packet.encoded:
            return
        instance = packet.fdt[1]
        if packet.oti is None:
            octets = packet.symbols if (packet.block, packet.index) == (0, 0) else None
        else:
            octets = self._assemble(instance, packet)
        if octets is None:
            return
        table = fdt.parse(octets)
        if table.expires <= self.clock.now():
            return
        # Instance IDs wrap: newer is what lies less than half the circle ahead.
        newer = self._newest is None or (instance - self._newest) % (1 << 20) < 1 << 19
        if newer and (self._newest != instance or self.expiry != table.expires):
            self._newest, self.expiry = instance, table.expires
            self._watch()
        for file in table.files:
            if file.location in self.wanted and len(self._files) < 64:
                self._files.setdefault(file.toi, file)
        self._judge_closing()

    def _assemble(self, instance: int, packet: alc.Packet) -> bytes | None:
        if packet.oti.length > fdt.MAX_FDT:
            raise Refused("an FDT of too many octets")
        key = (instance, packet.oti)
        if key not in self._tables:
            if len(self._tables) >= _MAX_TABLES:
                self._tables.pop(next(iter(self._tables)))
            self._tables[key] = alc.Collector(packet.oti)
        part = self._tables[key]
        part.add(packet.block, packet.index, packet.symbols)
        if not part.complete:
            return None
        del self._tables[key]
        return bytes(part.octets)

    def _symbols(self, packet: alc.Packet) -> None:
        file = self._files.get(packet.toi)
        ref = None if file is None else self.wanted.get(file.location)
        if ref is None or ref.size > MAX_OBJECT or file.location in self.done or file.location in self.refused:
            return
        part = self._parts.get(packet.toi)
        if part is None or packet.oti is not None:
            stated = [oti for oti in (file.oti(), packet.oti) if oti is not None]
            lengths = [length for length in (file.length, packet.oti and packet.oti.length) if length is not None]
            if any(length != ref.size for length in lengths) or file.encoded or packet.encoded:
                self.refused.add(file.location)
                self._parts.pop(packet.toi, None)
                return
            if packet.codepoint != 0 or file.fec not in (None, 0) or not stated:
                return
            if self._disagree(file, packet.oti) or (part is not None and part.blocks.oti != stated[-1]):
                self._files[packet.toi] = fdt.File(packet.toi, "")
                self._parts.pop(packet.toi, None)
                return
            if part is None:
                part = self._parts[packet.toi] = alc.Collector(stated[-1])
        part.add(packet.block, packet.index, packet.symbols)
        if part.complete:
            del self._parts[packet.toi]
            octets = bytes(part.octets)
            if file.location == self.it.command.location and self._arrived():
                self._dark = True
                return
            if hashlib.sha256(octets).digest() == ref.digest:
                self.store.put(ref.digest, octets)
                self.done.add(file.location)
            else:
                self.damaged.add(file.location)
            self._change()

    @staticmethod
    def _disagree(file: fdt.File, oti: alc.Oti | None) -> bool:
        if oti is None:
            return False
        pairs = ((file.symbol, oti.symbol), (file.block, oti.block))
        return any(left is not None and left != right for left, right in pairs)
