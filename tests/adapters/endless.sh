#!/bin/sh
# Prints for ever what is no message.
. "${0%/*}/common.sh"
answer_open() { yes "this line is no message, and there is no end to it: $(seq -s ' ' 200)"; }
serve
