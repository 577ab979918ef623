#!/bin/sh
# A Service Provider on an interface and at an address of its own, whatever `open` has: as one on another host.
sed -u '/"verb":"open"/s/127\.0\.0\.1/127.0.0.2/g' | "$CASTPROOF" reference provider
