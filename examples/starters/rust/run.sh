#!/bin/sh
# Builds the adapter where a source is newer than it, and becomes it. Needs only rustc 1.85 or later; no crate
# is used.
set -eu
cd "$(dirname "$0")"
for source in adapter.rs protocol.rs; do
    if [ ! -x adapter ] || [ -n "$(find "$source" -newer adapter)" ]; then
        rustc --edition 2024 -o adapter.new adapter.rs >&2
        mv adapter.new adapter
        break
    fi
done
exec ./adapter
