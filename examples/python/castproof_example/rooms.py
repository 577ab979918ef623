"""Rooms: the adapter at work as several processes.

A Device is a box of its own, and no crowd beside it keeps it waiting. One Python process does one thing at a
time, so the instances of different scenarios are put into different processes. Each such *room* is this adapter
once more, spoken to in the same lines; the process that castproof started hands lines on, both ways. Rooms that
are empty wait for the next: starting Python takes longer than opening an instance.
"""

import asyncio
import functools
import json
import sys

from . import adapter
from .adapter import MAX_INSTANCES, MAX_LINE, Problem, read_object

ARGUMENT = "--room"
"""Says on the command line that a process is a room."""
_CROWD = 100
"""Instances of one scenario that share a room; a second processor is there for the others."""
_SPARE = 2
"""Rooms that are made ready before anybody needs them."""
_LONGEST = 4 * MAX_LINE


class Room:
    """One process, and who is in it."""

    def __init__(self, process: asyncio.subprocess.Process):
        self.process = process
        self.key: str | None = None
        self.instances: set[str] = set()

    @classmethod
    async def start(cls) -> "Room":
        """A room in which nobody is."""
        return cls(await asyncio.create_subprocess_exec(
            sys.executable, sys.argv[0], ARGUMENT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST))

    async def end(self) -> None:
        """Ends the process, with everybody in it."""
        self.process.stdin.close()
        await self.process.wait()


class Switchboard:
    """Hands each line to the room of its instance. What is no instance's affair is answered here."""

    def __init__(self, kind, write):
        self._kind, self._write = kind, write
        self._desk = kind(write)
        self.say = self._desk.say
        self._rooms: list[Room] = []
        self._of: dict[str, Room] = {}
        self._asked: dict[int, tuple[str, str]] = {}
        self._making = asyncio.Lock()
        self._tasks: set[asyncio.Task] = set()
        self.broken = asyncio.Event()

    async def handle(self, line: bytes) -> bool:
        """Takes one line; False when it was the last."""
        try:
            request = read_object(line)
        except Problem:
            return await self._desk.handle(line)
        verb, name, number = (request.get(field) for field in ("verb", "instance", "id"))
        if verb == "hello":
            self._later(self._stock())
        elif verb == "bye":
            await self.close_all()
        elif isinstance(name, str) and type(number) is int:
            room = self._of.get(name)
            if room is None and verb == "open":
                if len(self._of) >= MAX_INSTANCES:
                    reason = f"{MAX_INSTANCES} instances are open, more may not be"
                    self.say({"id": number, "error": {"kind": "instance", "reason": reason}})
                    return True
                room = await self._enter(name, self._kind.room_of(request))
                self._asked[number] = (verb, name)
            elif room is not None and verb == "close":
                self._asked[number] = (verb, name)
            if room is not None:
                room.process.stdin.write(line.rstrip(b"\n") + b"\n")
                await room.process.stdin.drain()
                return True
        return await self._desk.handle(line)

    async def _enter(self, name: str, key: str) -> Room:
        """The room for a new instance: where those of its kind are, or an empty one."""
        async with self._making:
            same = (room for room in self._rooms if room.key == key and len(room.instances) < _CROWD)
            empty = (room for room in self._rooms if not room.instances)
            room = next(same, None) or next(empty, None) or await self._make()
            room.key = key
            room.instances.add(name)
            self._of[name] = room
            return room

    async def _stock(self) -> None:
        async with self._making:
            while len(self._rooms) < _SPARE:
                await self._make()

    async def _make(self) -> Room:
        room = await Room.start()
        self._rooms.append(room)
        self._later(self._listen(room))
        return room

    def _later(self, work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self, room: Room) -> None:
        """Hands on what a room says. One that breaks off takes the whole adapter with it: that is to be seen."""
        while line := await room.process.stdout.readline():
            self._heed(room, json.loads(line))
            self._write(line)
        if room in self._rooms:
            self.broken.set()

    def _heed(self, room: Room, said: dict) -> None:
        """Notes who has gone: it was closed, or could not be opened."""
        verb, name = self._asked.pop(said.get("id"), (None, ""))
        if verb is not None and ("ok" in said) == (verb == "close"):
            room.instances.discard(name)
            self._of.pop(name, None)

    async def close_all(self) -> None:
        """Ends every room."""
        async with self._making:
            rooms, self._rooms = self._rooms, []
            await asyncio.gather(*(room.end() for room in rooms))


def main(kind) -> None:
    """Runs an adapter as processes: `kind` is the class of what is in each room."""
    adapter.main(kind if ARGUMENT in sys.argv[1:] else functools.partial(Switchboard, kind))
