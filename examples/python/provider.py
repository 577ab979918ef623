#!/usr/bin/env python3
"""The adapter of the example Service Provider: `castproof` starts it and speaks JSON lines with it."""

from castproof_example.provider_adapter import ProviderAdapter
from castproof_example.rooms import main

if __name__ == "__main__":
    main(ProviderAdapter)
