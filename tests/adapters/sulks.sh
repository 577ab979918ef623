#!/bin/sh
# Refuses to listen, once the honesty probes are over.
. "${0%/*}/behind.sh"
at_listen() {
    [ $LISTENS -eq 1 ] && pass && return
    id=${line#*\"id\":}
    say "{\"id\":${id%%,*},\"error\":{\"kind\":\"${KIND:-refused}\",\"reason\":\"not today\"}}"
}
spoil
