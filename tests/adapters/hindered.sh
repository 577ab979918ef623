#!/bin/sh
# Says that the host does not let it listen, once the honesty probes are over.
KIND=host
. "${0%/*}/sulks.sh"
