"""As much of HTTP/1.1 as DM sessions need: POST, Content-Length, chunked bodies."""

import asyncio
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

MAX_HEAD = 16384
MAX_BODY = 1 << 20


class BadMessage(Exception):
    """A message that is no complete HTTP of the kind expected."""


@dataclass
class Answer:
    """What a server answered, or what it is to answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def retry_after(self) -> int:
        """Retry-After in milliseconds; 0 when there is none."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return min(int(text[:9]), 10**8) * 1000
        try:
            return max(0, int((parsedate_to_datetime(text).timestamp() - time.time()) * 1000))
        except (ValueError, TypeError, OverflowError):
            return 0


async def _read(reader: asyncio.StreamReader, to_end: bool) -> tuple[str, dict[str, str], bytes]:
    """First line, headers and body of a message."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")[:-2]
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon:
                raise BadMessage("a header line without a colon")
            headers[name.strip().lower()] = value.strip()
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return first, headers, await _chunks(reader)
        length = headers.get("content-length")
        if length is None:
            body = await reader.read(MAX_BODY + 1) if to_end else b""
            if len(body) > MAX_BODY:
                raise BadMessage("body too long")
            return first, headers, body
        if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MAX_BODY:
            raise BadMessage("no usable Content-Length")
        return first, headers, await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise BadMessage(f"no complete message: {error}") from None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0].strip() or b"x", 16)
        if size < 0 or len(body) + size > MAX_BODY:
            raise BadMessage("body too long")
        if size == 0:
            while (await reader.readuntil(b"\r\n")) != b"\r\n":
                pass
            return bytes(body)
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadMessage("a chunk without its end")


async def post(url: str, body: bytes, content_type: str, limit: float) -> Answer:
    """Posts a body. Raises OSError, TimeoutError or BadMessage; `limit` is in seconds."""
    async def exchange() -> Answer:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise BadMessage(f"{url} is no URL of plain HTTP")
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, limit=MAX_HEAD)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            host = parts.netloc.rpartition("@")[2]
            if any(ord(c) < 33 or ord(c) > 126 for c in path + host):
                raise BadMessage(f"{url!r} holds characters that a URL must not")
            writer.write(f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n"
                         f"Accept: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                         + body)
            await writer.drain()
            first, headers, content = await _read(reader, True)
            while first.split(" ")[1:2] == ["100"]:
                first, headers, content = await _read(reader, True)
            words = first.split(" ")
            if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
                raise BadMessage("no HTTP answer")
            return Answer(int(words[1]), headers, content)
        finally:
            writer.close()

    return await asyncio.wait_for(exchange(), limit)


_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
            415: "Unsupported Media Type", 503: "Service Unavailable"}


async def serve(host: str, port: int, answer, clients: set) -> asyncio.Server:
    """Serves POST: `answer(path, headers, body)` gives an Answer. `clients` holds open connections."""
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        try:
            while True:
                try:
                    first, headers, body = await asyncio.wait_for(_read(reader, False), 60)
                except BadMessage as error:
                    if "0 bytes read" in str(error):
                        return
                    writer.write(_octets(Answer(400), True))
                    return
                words = first.split(" ")
                if len(words) != 3:
                    reply = Answer(400)
                elif words[0] != "POST":
                    reply = Answer(405)
                else:
                    reply = await answer(words[1], headers, body)
                last = headers.get("connection", "").lower() == "close" or words[-1] == "HTTP/1.0"
                writer.write(_octets(reply, last))
                await writer.drain()
                if last:
                    return
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            clients.discard(writer)
            writer.close()

    return await asyncio.start_server(client, host, port, limit=MAX_HEAD)


def _octets(answer: Answer, last: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += [f"Content-Length: {len(answer.body)}"] + (["Connection: close"] if last else [])
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
