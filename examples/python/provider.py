#!/usr/bin/env python3
"""The adapter of the example Service Provider: `castproof` starts it and speaks JSON lines with it."""

from castproof_example.adapter import main
from castproof_example.provider_adapter import ProviderAdapter

if __name__ == "__main__":
    main(ProviderAdapter)
