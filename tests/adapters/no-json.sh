#!/bin/sh
# Writes what begins like a message and is none.
. "${0%/*}/common.sh"
answer_open() { say '{"id":'"$id"',"ok":{}'; ok; }
serve
