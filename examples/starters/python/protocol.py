"""The adapter protocol, version 1: lines, ids, instances, errors. You need not change this file.

Yours is adapter.py, which calls serve(). The protocol is told in castproof's docs/adapter.md. Python 3.8 or later, and
nothing but the standard library.
"""

import json
import sys
import threading

PROTOCOL = 1

_writing = threading.Lock()


class Unsupported(Exception):
    """The implementation does not have this verb or this value. Honest, and fails nothing by itself."""


class Refused(Exception):
    """The implementation refused, or tried and failed."""


class HostTrouble(Exception):
    """The host did not let it: no port, no room, no right. Never raise it for a fault of your own."""


class _NoInstance(Exception):
    """No instance of this name is open; or one is, and another was to be opened."""


def event(name, instance, **members):
    """Says something unasked, such as event("note", "D1-3", text="sequence number 41 is not new"). From any thread."""
    _write({"event": name, "instance": instance, **members})


def log(text):
    """Writes to standard error, which castproof keeps and never judges. Never print to standard output."""
    print(text, file=sys.stderr, flush=True)


def serve(role, verbs, greeting, open_instance):
    """Answers requests until `bye`, or until standard input ends.

    `verbs` names the methods of an instance that verbs of the same name call. `greeting` is what `hello` says beside
    protocol and role. `open_instance` is called with the request `open` and the list of those that are open, and gives an
    instance and what `open` is answered with.
    """
    instances = {}
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            number = request["id"]
            verb = request["verb"]
            if type(number) is not int or type(verb) is not str:
                raise ValueError("id or verb is of the wrong type")
        except (ValueError, KeyError, TypeError) as error:
            _write({"id": None, "error": {"kind": "malformed", "reason": "no request of this protocol: %r" % error}})
            continue
        try:
            said = _answer(role, verbs, greeting, open_instance, instances, request, verb)
        except Unsupported as reason:
            _write({"id": number, "unsupported": str(reason)})
        except _NoInstance as reason:
            _write({"id": number, "error": {"kind": "instance", "reason": str(reason)}})
        except HostTrouble as reason:
            _write({"id": number, "error": {"kind": "host", "reason": str(reason)}})
        except Refused as reason:
            _write({"id": number, "error": {"kind": "refused", "reason": str(reason)}})
        else:
            _write({"id": number, "ok": said})
            if verb == "bye":
                return


def _answer(role, verbs, greeting, open_instance, instances, request, verb):
    if verb == "hello":
        if request.get("role") != role:
            raise Unsupported("this adapter has the role %s" % role)
        if PROTOCOL not in request.get("protocols", []):
            raise Unsupported("this adapter knows protocol %d" % PROTOCOL)
        return {"protocol": PROTOCOL, "role": role, **greeting}
    if verb == "bye":
        return {}
    if verb not in ("open", "close") and verb not in verbs:
        raise Unsupported("a %s has no verb %s" % (role, verb))
    name = request.get("instance")
    if verb == "open":
        if name in instances:
            raise _NoInstance("an instance %s is open already" % name)
        if len(instances) >= greeting["max_instances"]:
            raise _NoInstance("no more than %d instances may be open" % greeting["max_instances"])
        if greeting["clock"] == "none" and request.get("clock_offset_ms", 0) != 0:
            raise Unsupported("the clock cannot be set")
        instances[name], said = open_instance(request)
        return said
    if name not in instances:
        raise _NoInstance("no instance %s is open" % name)
    if verb == "close":
        instances.pop(name).close()
        return {}
    return getattr(instances[name], verb)(request)


def _write(message):
    line = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
    with _writing:
        sys.stdout.buffer.write(line)
        # Python holds output back when it goes to a pipe.
        sys.stdout.buffer.flush()
