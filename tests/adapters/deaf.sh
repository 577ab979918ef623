#!/bin/sh
# Says that it listens, and joins nothing; but only once the honesty probes are over.
. "${0%/*}/behind.sh"
at_listen() {
    [ $LISTENS -eq 1 ] && pass && return
    id=${line#*\"id\":}
    say "{\"id\":${id%%,*},\"ok\":{}}"
}
spoil
