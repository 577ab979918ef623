#!/bin/sh
# Says another sequence number than it announces.
"$CASTPROOF" reference provider | sed -u 's/"ok":{"sequence":1/"ok":{"sequence":7/'
