#!/bin/sh
# Says of every campaign that it came to 599, whatever the Device reports.
"$CASTPROOF" reference device | sed -u '/"event":"settled"/s/"code":[0-9]*/"code":599/'
