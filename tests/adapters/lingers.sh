#!/bin/sh
# Can have one instance open, takes its time over `close`, and does not let the first Device after the honesty probes listen.
. "${0%/*}/behind.sh"
OPEN=$(mktemp -u)
number() { id=${line#*\"id\":}; printf '%s' "${id%%,*}"; }
at_listen() {
    [ $LISTENS -ne 2 ] && pass && return
    say "{\"id\":$(number),\"error\":{\"kind\":\"host\",\"reason\":\"not today\"}}"
}
at_open() {
    mkdir "$OPEN" 2>&- && pass && return
    say "{\"id\":$(number),\"error\":{\"kind\":\"instance\",\"reason\":\"one is open already\"}}"
}
at_close() { (sleep 0.5; rmdir "$OPEN"; pass) & }
spoil | sed -u 's/"max_instances":[0-9]*/"max_instances":1/'
