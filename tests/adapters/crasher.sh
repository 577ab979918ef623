#!/bin/sh
# Crashes when it is told to listen.
. "${0%/*}/common.sh"
answer_listen() { echo "Segmentation fault, as it were" >&2; kill -SEGV $$; }
serve
