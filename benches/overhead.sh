#!/usr/bin/env bash
# What the adapter protocol costs: the scenarios of a role with the reference in process, and with the same reference as a
# child behind the protocol, in turn, on this host. Prints both times of each round and the ratio of the sums.
#
#   benches/overhead.sh [device|provider] [ROUNDS] [SELECTION...]
#
# SELECTION is handed to `certify`, such as --feature firmware_update/consent. Needs target/release/castproof. Exits with 1
# when the ratio is above 1.5.
set -eu
cd "$(dirname "$0")/.."
role=${1:-device}
rounds=${2:-2}
shift $(($# < 2 ? $# : 2))
castproof=$PWD/target/release/castproof
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# Runs the selection and prints how long its scenarios took, in milliseconds, and how many passed.
run() { # run NAME [ARGUMENT...]
    name=$1
    shift
    "$castproof" certify --role "$role" --reports "$reports/$name" "$@" >"$reports/$name.log" 2>&1 || true
    awk '/ examples in /{print $1, $4}' "$reports/$name.log"
}

in_process=0
as_a_child=0
for round in $(seq "$rounds"); do
    one=$(run "in-$round" "$@")
    other=$(run "child-$round" "$@" --profile "examples/reference/$role.yaml" -- "$castproof" reference "$role")
    [ "${one% *}" = "${other% *}" ] || { echo "not the same set: ${one% *} and ${other% *} examples" >&2; exit 2; }
    echo "round $round: ${one% *} examples, ${one#* } s in process, ${other#* } s as a child"
    in_process="$in_process + ${one#* }"
    as_a_child="$as_a_child + ${other#* }"
done
awk "BEGIN { ratio = ($as_a_child) / ($in_process); printf \"ratio %.2f\\n\", ratio; exit ratio > 1.5 }"
