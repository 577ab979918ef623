"""A clock that may be ahead of the host's, or behind. Times are milliseconds since 1970 UTC."""

import asyncio
import time


def pause(left: int) -> float:
    """Seconds to wait for what is so many milliseconds away; it is looked at again after that.

    Never longer than a minute in one piece: huge delays overflow timers.
    """
    return min(max(left, 0) / 1000 + 0.0005, 60)


class Clock:
    """`offset` is how many milliseconds it is ahead of the host's time."""

    def __init__(self, offset: int = 0):
        self._start = time.monotonic()
        self._base = time.time() * 1000 + offset

    def now(self) -> int:
        """The present time."""
        return int(self._base + (time.monotonic() - self._start) * 1000)

    async def until(self, when: int) -> None:
        """Waits until `when`; returns at once if that has passed."""
        while (left := when - self.now()) > 0:
            await asyncio.sleep(pause(left))

    async def sleep(self, duration: float) -> None:
        """Waits for a number of milliseconds."""
        await self.until(self.now() + int(duration))
