#!/bin/sh
# Cannot be stimulated.
. "${0%/*}/behind.sh"
at_stimulate() { id=${line#*\"id\":}; say "{\"id\":${id%%,*},\"unsupported\":\"it has no buttons\"}"; }
spoil
