#!/bin/sh
# Is somebody else at the second hello.
. "${0%/*}/common.sh"
FACES=0
answer_hello() {
    FACES=$((FACES + 1))
    ok "$(greeting | sed "s/\"shell\"/\"shell number $FACES\"/")"
}
serve
