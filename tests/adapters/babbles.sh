#!/bin/sh
# Prints a password of a scenario to standard error when it is told goodbye, long after that scenario.
. "${0%/*}/behind.sh"
at_open() { PASSWORD=${line#*\"password\":\"}; PASSWORD=${PASSWORD%%\"*}; pass; }
at_bye() { sleep 3; printf 'it was %s\n' "$PASSWORD" >&2; pass; }
spoil
