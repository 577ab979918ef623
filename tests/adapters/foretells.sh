#!/bin/sh
# Says once a Device listens, and the honesty probes are over, that its End User is asked about a campaign that nobody sends.
. "${0%/*}/behind.sh"
at_listen() {
    pass
    [ $LISTENS -eq 1 ] && return
    instance=${line#*\"instance\":\"}
    say "{\"event\":\"prompted\",\"instance\":\"${instance%%\"*}\",\"campaign\":\"never-sent\",\"may_decline\":true}"
}
spoil
