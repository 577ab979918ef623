#!/bin/sh
# Answers `hello`, and nothing else: it sleeps.
. "${0%/*}/common.sh"
answer_open() { sleep 600; }
serve
