#!/bin/sh
# Prints at every `listen` what is no message.
. "${0%/*}/behind.sh"
at_listen() { say 'joined a group, I think'; pass; }
spoil
