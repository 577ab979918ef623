#!/usr/bin/env python3
"""A starter adapter for a Device. It runs as it is, and says honestly that there is no Device behind it yet.

Everything that is yours to write is marked VENDOR. castproof's docs/adapter.md tells what each request holds, and
docs/profile.md what the Device has to do on the network. Work in this order: open and close, listen, then stimulate
with `power`; the rest may stay unsupported for as long as you like.
"""

from protocol import Unsupported, serve

# VENDOR: who you are, and what the Device can do beyond what every Device must. profile.yaml says the same capabilities.
GREETING = {
    "implementation": {"name": "starter Device in Python", "version": "0"},
    "capabilities": [],
    "max_instances": 24,
    "clock": "none",
}


class Device:
    """One Device, for one scenario. Several may be open at once, and share nothing."""

    def __init__(self, request):
        # VENDOR: switch a Device on. `request` holds all that it needs: its folder, what it is, its settings, its keys and
        # accounts, and the channel table. It does not join anything yet.
        self.name = request["instance"]

    def listen(self, request):
        # VENDOR: join the group and port of request["channels"][request["notification"]] (of `open`), and return {} when
        # the kernel has the membership. castproof looks for it.
        raise Unsupported("there is no Device behind this starter yet, so nothing listens")

    def stimulate(self, request):
        kind = request["stimulus"]["kind"]
        # VENDOR: begin with `power`, which is mandatory. Return {} when it is so. Keep the last line: a stimulus that you do
        # not know is unsupported, and castproof tries that out.
        raise Unsupported("stimulus %s is not supported" % kind)

    def query(self, request):
        # VENDOR: optional. Return {"nodes": {uri: value or None}} for request["nodes"].
        raise Unsupported("this starter has no management tree to look at")

    def close(self):
        # VENDOR: end the Device as a loss of power would, with no report and no farewell. Return when its sockets are closed.
        pass


def open_device(request):
    return Device(request), {}


if __name__ == "__main__":
    serve("device", ("listen", "stimulate", "query"), GREETING, open_device)
