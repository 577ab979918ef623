#!/bin/sh
# Says of its firmware, when it is asked after the honesty probes, that it is another than the Device answers over DM.
. "${0%/*}/behind.sh"
at_query() {
    [ $LISTENS -eq 1 ] && pass && return
    id=${line#*\"id\":}
    say "{\"id\":${id%%,*},\"ok\":{\"nodes\":{\"./DevDetail/FwV\":\"9.9\"}}}"
}
spoil
