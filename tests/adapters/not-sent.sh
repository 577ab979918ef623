#!/bin/sh
# A Service Provider that says `pushed`, and sends nothing.
. "${0%/*}/common.sh"
ROLE=provider
PORT=9
answer_open() { PORT=$((PORT + 1)); ok "{\"address\":\"127.0.0.1:$PORT\",\"sources\":[]}"; }
serve
