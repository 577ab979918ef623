#!/bin/sh
# Says once the Device listens, and the honesty probes are over, what COMPLAINT says: `trouble`, or `dropped` datagrams, more
# than any host loses. What follows goes to the reference Device.
. "${0%/*}/behind.sh"
COMPLAINT=$1
shift
at_listen() {
    pass
    [ $LISTENS -eq 1 ] && return
    instance=${line#*\"instance\":\"}
    case $COMPLAINT in
    trouble) more='"text":"no room on the disk"' ;;
    dropped) more='"datagrams":1000000000000' ;;
    esac
    say "{\"event\":\"$COMPLAINT\",\"instance\":\"${instance%%\"*}\",$more}"
}
spoil "$@"
