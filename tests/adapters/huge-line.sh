#!/bin/sh
# Answers `open` with a line of 100 MB.
. "${0%/*}/common.sh"
answer_open() { printf '{"id":%s,"ok":{"padding":"' "$id"; head -c 100000000 /dev/zero | tr '\0' 'x'; printf '"}}\n'; ok; }
serve
