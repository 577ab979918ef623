#!/usr/bin/env python3
"""The adapter of the example Device: `castproof` starts it and speaks JSON lines with it."""

from castproof_example.device_adapter import DeviceAdapter
from castproof_example.rooms import main

if __name__ == "__main__":
    main(DeviceAdapter)
