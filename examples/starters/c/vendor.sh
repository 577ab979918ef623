#!/bin/sh
# Drives your implementation. adapter.c calls it as `vendor.sh VERB INSTANCE`, with the request, a line of JSON, as its
# input. Put a program of yours in its place, in any language, when you like.
#
# Exit code 0: it was done; the first line of output, if there is one, is the JSON object that `ok` holds. 3: unsupported.
# 4: the host did not let it. All others: refused. Then the first line of output is the reason, in words.
#
# What goes on in the background must not keep the output open: `my-device > "log-$2" 2>&1 &`.

case $1 in
# VENDOR: start and end your implementation here.
open | close) exit 0 ;;
# VENDOR: @VERBS@ come here. Keep the last case: a verb or stimulus that you do not know is unsupported, and
# castproof tries that out.
*)
    echo "there is nothing behind this starter yet that could do $1"
    exit 3
    ;;
esac
