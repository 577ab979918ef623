#!/bin/sh
# Ends in the middle of an answer.
. "${0%/*}/common.sh"
answer_open() { printf '{"id":%s,"o' "$id"; exit 0; }
serve
