#!/bin/sh
# Does not answer the second `listen`, and goes on as though nothing had been.
. "${0%/*}/behind.sh"
at_listen() { [ $LISTENS -eq 2 ] || pass; }
spoil
