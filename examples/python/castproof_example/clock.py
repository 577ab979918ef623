"""A clock that a test bench may set.

Times are milliseconds since 1970 UTC. Waiting ends early only to look at the clock anew.
"""

import asyncio
import time


class Clock:
    """`offset` is how many milliseconds it is ahead of the host's time."""

    def __init__(self, offset: int = 0):
        self._start = time.monotonic()
        self._base = time.time() * 1000 + offset
        self._changed = asyncio.Event()

    def now(self) -> int:
        """The present time."""
        return int(self._base + (time.monotonic() - self._start) * 1000)

    def set(self, now: int) -> None:
        """Sets the clock; everybody who waits looks again."""
        self._base, self._start = float(now), time.monotonic()
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, when: int) -> None:
        """Waits until `when`; returns at once if that has passed."""
        while (left := when - self.now()) > 0:
            changed = self._changed
            try:
                # Never longer than a minute in one piece: huge delays overflow timers.
                await asyncio.wait_for(changed.wait(), min(left / 1000 + 0.0005, 60))
            except asyncio.TimeoutError:
                pass

    async def sleep(self, duration: float) -> None:
        """Waits for a number of milliseconds."""
        await self.until(self.now() + int(duration))
