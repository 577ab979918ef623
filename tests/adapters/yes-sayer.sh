#!/bin/sh
# Says `ok` to everything, also to what does not exist.
. "${0%/*}/common.sh"
answer_stimulate() { ok; }
answer_unknown() { ok; }
serve
