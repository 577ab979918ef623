#!/bin/sh
# Tells at the second `listen` an event that the protocol does not have.
. "${0%/*}/behind.sh"
at_listen() { [ $LISTENS -eq 2 ] && say '{"event":"dreamt","instance":"D1-1"}'; pass; }
spoil
