#!/bin/sh
# Does not end after `bye`, nor when its standard input is closed.
. "${0%/*}/common.sh"
answer_bye() { ok; sleep 600; }
serve
