#!/bin/sh
# Has room for one Device at a time.
"$CASTPROOF" reference device | sed -u 's/"max_instances":[0-9]*/"max_instances":1/'
