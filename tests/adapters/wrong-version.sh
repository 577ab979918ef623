#!/bin/sh
# Wants a protocol that nobody has offered.
. "${0%/*}/common.sh"
greeting() { printf '{"protocol":9,"role":"device","implementation":{"name":"shell","version":"1"},"capabilities":[],"max_instances":1,"clock":"none"}'; }
serve
