#!/bin/sh
# Writes half a message at the second `listen`.
. "${0%/*}/behind.sh"
at_listen() { [ $LISTENS -eq 2 ] && say '{"id":12,"ok'; pass; }
spoil
