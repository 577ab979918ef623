#!/bin/sh
# Answers `open` with a member that the protocol does not have.
. "${0%/*}/common.sh"
answer_open() { ok '{"temperature":21}'; }
serve
