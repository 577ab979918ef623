#!/bin/sh
# Prints what is no message, between answers that are; it is an honest liar otherwise.
. "${0%/*}/common.sh"
answer_open() { echo "opening now"; echo "[1, 2]"; echo "debug: 42"; ok; }
serve
