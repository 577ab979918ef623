"""The adapter protocol: JSON lines in, JSON lines out, over stdin and stdout or over TCP.

What is common to both roles is here; what the verbs mean is in `device_adapter` and
`provider_adapter`.
"""

import asyncio
import base64
import binascii
import json
import logging
import os
import sys

from . import VERSION

LOG = logging.getLogger("adapter")
PROTOCOL = 1
MAX_LINE = 1 << 20
MAX_INSTANCES = 256


class Unsupported(Exception):
    """The implementation does not have a verb or a value."""


class Problem(Exception):
    """Why something was not done; `kind` is one of the schema's."""

    def __init__(self, kind: str, reason: str):
        super().__init__(reason)
        self.kind = kind


class Fields:
    """Reads the fields of a JSON object. What is missing, too much or of another type is malformed."""

    def __init__(self, value, what: str):
        if not isinstance(value, dict):
            raise Problem("malformed", f"{what} is no object")
        self.left, self.what = dict(value), what

    def take(self, name: str, kind, *default):
        """A field; with a default it may be missing, with None as the default null as well."""
        value = self.left.pop(name, *default) if default else self._present(name)
        if default and value is default[0]:
            return value
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise Problem("malformed", f"{self.what}: {name} is of another type")
        return value

    def _present(self, name: str):
        if name not in self.left:
            raise Problem("malformed", f"{self.what}: {name} is missing")
        return self.left.pop(name)

    def octets(self, name: str) -> bytes:
        """A field in base64."""
        try:
            return base64.b64decode(self.take(name, str), validate=True)
        except (binascii.Error, ValueError):
            raise Problem("malformed", f"{self.what}: {name} is no base64") from None

    def texts(self, name: str, *default) -> list[str]:
        """A list of texts."""
        value = self.take(name, list, *default)
        if any(not isinstance(one, str) for one in value):
            raise Problem("malformed", f"{self.what}: {name} holds something else than text")
        return value

    def one_of(self, name: str, known, *default) -> str:
        """A text out of a closed list; others are unsupported."""
        value = self.take(name, str, *default)
        if value not in known:
            raise Unsupported(f"{self.what}: {name} {value!r} is not known; known are {', '.join(known)}")
        return value

    def end(self) -> None:
        """Nothing may be left."""
        if self.left:
            raise Problem("malformed", f"{self.what}: unknown field {next(iter(self.left))}")


def _object(pairs: list) -> dict:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a member stands twice")
    return result


def read_object(line: bytes) -> dict:
    """The JSON object of a line; malformed when it is none."""
    try:
        value = json.loads(line, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise Problem("malformed", "the line is no JSON") from None
    if not isinstance(value, dict):
        raise Problem("malformed", "the line is no object")
    return value


class Adapter:
    """The loop. A subclass gives `role`, `capabilities`, `verbs` and the methods that they name."""

    role = ""
    name = ""
    capabilities: list[str] = []
    verbs: dict[str, str] = {}

    def __init__(self, write):
        self._write = write
        self.instances: dict[str, object] = {}
        self.broken = asyncio.Event()

    def say(self, line: dict) -> None:
        """Writes one line."""
        self._write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def event(self, event: str, instance: str, **fields) -> None:
        """Says something unasked."""
        self.say({"event": event, "instance": instance, **fields})

    async def handle(self, line: bytes) -> bool:
        """Answers one line; False when it was the last."""
        try:
            request = read_object(line)
            number = request.get("id")
            if type(number) is not int or number < 0:
                raise Problem("malformed", "there is no id")
        except Problem as problem:
            self.say({"id": None, "error": {"kind": problem.kind, "reason": str(problem)}})
            return True
        verb = None
        try:
            fields = Fields(request, "the request")
            fields.take("id", int)
            verb = fields.take("verb", str)
            answer = {"ok": await self._answer(verb, fields)}
        except Unsupported as reason:
            answer = {"unsupported": str(reason)}
        except Problem as problem:
            answer = {"error": {"kind": problem.kind, "reason": str(problem)}}
        except OSError as error:
            answer = {"error": {"kind": "host", "reason": f"{type(error).__name__}: {error}"}}
        except Exception as error:
            LOG.exception("%s failed", verb)
            answer = {"error": {"kind": "refused", "reason": f"{type(error).__name__}: {error}"}}
        self.say({"id": number, **answer})
        return not (verb == "bye" and "ok" in answer)

    async def _answer(self, verb: str, fields: Fields) -> dict:
        if verb == "hello":
            return self._hello(fields)
        if verb == "bye":
            fields.end()
            await self.close_all()
            return {}
        if verb not in self.verbs:
            raise Unsupported(f"a {self.role} has no verb {verb!r}; it has {', '.join(self.verbs)}")
        name = fields.take("instance", str)
        if verb == "open":
            if name in self.instances:
                raise Problem("instance", f"{name} is open already")
            if len(self.instances) >= MAX_INSTANCES:
                raise Problem("instance", f"{MAX_INSTANCES} instances are open, more may not be")
            if not 1 <= len(name) <= 64:
                raise Problem("malformed", "the name of an instance has 1 to 64 characters")
            return await getattr(self, self.verbs[verb])(name, fields)
        if name not in self.instances:
            raise Problem("instance", f"no instance {name} is open")
        return await getattr(self, self.verbs[verb])(name, self.instances[name], fields)

    def _hello(self, fields: Fields) -> dict:
        protocols = fields.take("protocols", list)
        role = fields.take("role", str)
        if PROTOCOL not in protocols:
            raise Unsupported(f"only protocol {PROTOCOL} is known here")
        if role != self.role:
            raise Unsupported(f"this adapter plays {self.role}, not {role}")
        return {"protocol": PROTOCOL, "role": self.role, "capabilities": self.capabilities, "max_instances": MAX_INSTANCES,
                "clock": "set", "implementation": {"name": self.name, "version": VERSION}}

    async def close_all(self) -> None:
        """Ends every instance."""
        for name in list(self.instances):
            await self.end(self.instances.pop(name))

    async def end(self, instance) -> None:
        """Ends one instance; its sockets are given back."""
        raise NotImplementedError

    async def close(self, name: str, instance, fields: Fields) -> dict:
        """The verb `close`."""
        fields.end()
        del self.instances[name]
        await self.end(instance)
        return {}


async def serve(kind) -> None:
    """Serves standard input and output; `kind` makes an adapter of what writes a line."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    output = sys.stdout.buffer

    def write(line: bytes) -> None:
        output.write(line)
        output.flush()

    await run(kind(write), reader)


async def _line(reader: asyncio.StreamReader, adapter) -> bytes:
    """The next line; one that is too long is refused and passed over."""
    while True:
        try:
            return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as end:
            return end.partial
        except asyncio.LimitOverrunError as overrun:
            await reader.readexactly(overrun.consumed)
            while True:
                try:
                    await reader.readuntil(b"\n")
                    break
                except asyncio.LimitOverrunError as more:
                    await reader.readexactly(more.consumed)
                except asyncio.IncompleteReadError:
                    break
            adapter.say({"id": None, "error": {"kind": "malformed", "reason": "the line is longer than 1 MiB"}})


async def run(adapter, reader: asyncio.StreamReader) -> None:
    """Handles lines until `bye` or the end of the input. Answers may overtake each other."""
    tasks: set[asyncio.Task] = set()
    over = asyncio.Event()

    async def one(line: bytes) -> None:
        if not await adapter.handle(line):
            over.set()

    async def read() -> None:
        while line := await _line(reader, adapter):
            if line.strip():
                task = asyncio.get_running_loop().create_task(one(line))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

    reading = asyncio.ensure_future(read())
    waiting = asyncio.ensure_future(over.wait())
    broken = asyncio.ensure_future(adapter.broken.wait())
    await asyncio.wait({reading, waiting, broken}, return_when=asyncio.FIRST_COMPLETED)
    for task in (reading, waiting, broken):
        task.cancel()
    await adapter.close_all()


def main(kind) -> None:
    """Runs an adapter as a process; `kind` makes it of what writes a line."""
    level = os.environ.get("CASTPROOF_EXAMPLE_LOG", "WARNING")
    logging.basicConfig(stream=sys.stderr, level=level, format="%(name)s: %(message)s")
    try:
        asyncio.run(serve(kind))
    except KeyboardInterrupt:
        pass
