#!/usr/bin/env python3
"""A starter adapter for a Service Provider. It runs as it is, and says honestly that there is no provider behind it yet.

Everything that is yours to write is marked VENDOR. castproof's docs/adapter.md tells what each request holds, and
docs/profile.md what the provider has to do on the network. Work in this order: open and close with a DM Server, push,
provision, query; care may stay unsupported for as long as you like.
"""

import socket

from protocol import HostTrouble, Unsupported, serve

# VENDOR: who you are, and what the provider can do beyond what every provider must. profile.yaml says the same
# capabilities.
GREETING = {
    "implementation": {"name": "starter Service Provider in Python", "version": "0"},
    "capabilities": [],
    "max_instances": 24,
    "clock": "none",
}


class Provider:
    """One Service Provider, for one scenario. Several may be open at once, and share nothing."""

    def __init__(self, request):
        # VENDOR: start your DM Server here, and go on with what request["folder"] holds. This starter holds its port, and
        # answers nobody on it.
        host, port = request["listen"].rsplit(":", 1)
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host.strip("[]"), int(port)))
            self.listener.listen()
        except OSError as error:
            self.listener.close()
            raise HostTrouble("listen on %s: %s" % (request["listen"], error))
        self.address = "%s:%d" % (host, self.listener.getsockname()[1])

    def push(self, request):
        # VENDOR: broadcast request["package"] as request["campaign"] says, and return {"sequence": number} when the first
        # notification was sent. castproof looks for the datagram.
        raise Unsupported("there is no Service Provider behind this starter yet, so nothing is sent")

    def provision(self, request):
        # VENDOR: the same for settings, with their exception schedule.
        raise Unsupported("there is no Service Provider behind this starter yet, so nothing is sent")

    def care(self, request):
        # VENDOR: optional. Note what follows when the care of a campaign fails, and return {}.
        raise Unsupported("this starter cares in one step only")

    def query(self, request):
        # VENDOR: return {"results": {...}} for request["campaign"], and leave out every Device that was silent.
        raise Unsupported("this starter keeps no record")

    def close(self):
        # VENDOR: end the provider as a loss of power would. Return when its sockets are closed.
        self.listener.close()


def open_provider(request):
    provider = Provider(request)
    return provider, {"address": provider.address}


if __name__ == "__main__":
    serve("provider", ("push", "provision", "care", "query"), GREETING, open_provider)
