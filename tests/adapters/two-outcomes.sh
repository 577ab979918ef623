#!/bin/sh
# Answers `open` with two outcomes at once.
. "${0%/*}/common.sh"
answer_open() { say "{\"id\":$id,\"ok\":{},\"unsupported\":\"perhaps\"}"; }
serve
