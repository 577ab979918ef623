#!/bin/sh
# Ends with exit code 0 when it is told to listen.
. "${0%/*}/common.sh"
answer_listen() { exit 0; }
serve
