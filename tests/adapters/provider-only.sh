#!/bin/sh
# Has the role of a Service Provider alone.
. "${0%/*}/common.sh"
ROLE=provider
serve
