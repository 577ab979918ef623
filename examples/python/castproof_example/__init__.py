"""A second implementation of the wire profile: a Device and a Service Provider.

It was written from `docs/profile.md` alone and shares no code with castproof.
"""

VERSION = "1.0.0"
