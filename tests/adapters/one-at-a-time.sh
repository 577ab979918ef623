#!/bin/sh
# Can have one instance open, and says so.
. "${0%/*}/common.sh"
greeting() { printf '{"protocol":1,"role":"device","implementation":{"name":"shell","version":"1"},"capabilities":[],"max_instances":1,"clock":"none"}'; }
OPEN=0
answer_open() {
    OPEN=$((OPEN + 1))
    if [ $OPEN -gt 1 ]; then say "{\"id\":$id,\"error\":{\"kind\":\"instance\",\"reason\":\"one is open\"}}"; else ok; fi
}
answer_close() { OPEN=0; ok; }
serve
