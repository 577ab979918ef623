#!/usr/bin/env bash
# What the adapter protocol costs: the scenarios of a role with the reference in process, and with the same reference as a
# child behind the protocol, in turn, on this host. Prints both times of each round and the ratio of the sums.
#
#   benches/overhead.sh [device|provider] [ROUNDS] [SELECTION...]
#
# SELECTION is handed to `certify`, such as --feature firmware_update/consent. Needs target/release/castproof. Exits with 1
# when the ratio is above 1.5, and with 2 when a run did not take place, or not as many scenarios passed in one as in the
# other: times of different work say nothing.
set -eu
cd "$(dirname "$0")/.."
role=${1:-device}
rounds=${2:-2}
shift $(($# < 2 ? $# : 2))
castproof=$PWD/target/release/castproof
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

# Runs the selection and prints how many examples there were, how many of them passed, and the seconds that the run took.
run() { # run NAME [ARGUMENT...]
    name=$1
    shift
    # A failure may be expected of both; a run that did not take place, or is not whole, is none of either.
    status=0
    "$castproof" certify --role "$role" --reports "$reports/$name" "$@" >"$reports/$name.log" 2>&1 || status=$?
    case $status in
    0 | 100 | 101) ;;
    *) tail -n 5 "$reports/$name.log" >&2; echo "the run $name ended with $status" >&2; exit 2 ;;
    esac
    awk '/ examples? in /{
        for (at = 6; at <= NF; at++) if ($at == "pass") passed = $(at - 1)
        print $1, passed + 0, $4
    }' "$reports/$name.log"
}

in_process=0
as_a_child=0
for round in $(seq "$rounds"); do
    # A failure in a substitution ends the script only where it is assigned by itself.
    one=$(run "in-$round" "$@")
    other=$(run "child-$round" "$@" --profile "examples/reference/$role.yaml" -- "$castproof" reference "$role")
    [ -n "$one" ] && [ "${one% *}" = "${other% *}" ] || {
        echo "not the same work: '${one% *}' examples and passes in process, '${other% *}' as a child" >&2
        exit 2
    }
    passed=${one#* }
    echo "round $round: ${one%% *} examples, ${passed% *} passed, ${one##* } s in process, ${other##* } s as a child"
    in_process="$in_process + ${one##* }"
    as_a_child="$as_a_child + ${other##* }"
done
awk "BEGIN { ratio = ($as_a_child) / ($in_process); printf \"ratio %.2f\\n\", ratio; exit ratio > 1.5 }"
