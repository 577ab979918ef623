#!/bin/sh
# Answers `open` with the id of nobody's request.
. "${0%/*}/common.sh"
answer_open() { id=$((id + 1000)); ok; }
serve
