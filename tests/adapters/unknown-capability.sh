#!/bin/sh
# Declares a capability that nobody knows.
. "${0%/*}/common.sh"
CAPABILITIES='"status-logs"'
serve
