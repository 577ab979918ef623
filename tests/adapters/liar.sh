#!/bin/sh
# Says that it listens, and joins nothing.
. "${0%/*}/common.sh"
serve
