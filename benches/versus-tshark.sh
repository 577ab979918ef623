#!/usr/bin/env bash
# How long castproof and tshark take to tell the same capture, and how much memory that needs.
#
# Usage: benches/versus-tshark.sh [MEGABYTES] [RUNS]     (500 and 5 unless told)
#
# The capture is made of the golden recordings, one after another and again from the beginning, until it is as long as
# asked. Both tools read the same file, write their text to /dev/null, and take turns. Needs tshark, mergecap and
# capinfos (on Debian: apt-get install tshark), GNU time, and a release build of castproof.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

megabytes=${1:-500}
runs=${2:-5}
castproof=target/release/castproof
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in tshark mergecap capinfos /usr/bin/time "$castproof"; do
    command -v "$tool" > /dev/null || { echo "error: \`$tool\` is missing" >&2; exit 2; }
done

# Of one port that two recordings use for two protocols, the first is taken.
decode_as=()
declare -A known
mapfile -t golden < <(find captures -name '*.pcapng' | sort)
for file in "${golden[@]}"; do
    while read -r what; do
        for part in $what; do
            port=${part%%,*}
            [ -n "${known[$port]:-}" ] || decode_as+=(-d "$part")
            known[$port]=1
        done
    done < <(capinfos -k "$file" | tr -d '\n' | grep -o -- "-d [a-z_]*[.a-z]*==[^' ]*" | sed 's/^-d //')
done
decode_as+=(-d 'media_type==application/vnd.syncml.dm+xml,xml')

mergecap -a -I all -w "$work/once.pcapng" "${golden[@]}"
once=$(stat -c %s "$work/once.pcapng")

# make MEGABYTES FILE: repeats the recordings, a hundred files at a time at most.
make() {
    local times=$(($1 * 1000000 / once + 1)) copies=()
    for _ in $(seq "$times"); do copies+=("$work/once.pcapng"); done
    mergecap -a -I all -w "$2" "${copies[@]}"
}

# measure COMMAND...: seconds and peak memory in KiB.
measure() {
    /usr/bin/time -f '%e %M' -o "$work/time" "$@" > /dev/null 2> "$work/errors" || {
        # castproof says with 101 that a packet could not be read; that is a finding and no failure.
        [ "$(head -c 7 "$work/time")" = Command ] && tail -n 1 "$work/time" > "$work/time.1" && mv "$work/time.1" "$work/time"
    }
    cat "$work/time"
}

median() {
    sort -n | sed -n "$(((runs + 1) / 2))p"
}

make "$megabytes" "$work/whole.pcapng"
make "$((megabytes / 5 + 1))" "$work/fifth.pcapng"
printf 'capture: %s octets, %s packets\n' "$(stat -c %s "$work/whole.pcapng")" "$(capinfos -Mc "$work/whole.pcapng" | awk '/Number/ {print $NF}')"

for run in $(seq "$runs"); do
    measure "$castproof" transcript "$work/whole.pcapng" >> "$work/castproof"
    measure tshark -n -r "$work/whole.pcapng" "${decode_as[@]}" -V >> "$work/tshark"
    printf 'run %s: castproof %s s, tshark %s s\n' "$run" "$(tail -n 1 "$work/castproof" | cut -d' ' -f1)" \
        "$(tail -n 1 "$work/tshark" | cut -d' ' -f1)"
done
ours=$(cut -d' ' -f1 "$work/castproof" | median)
theirs=$(cut -d' ' -f1 "$work/tshark" | median)
printf 'median: castproof %s s, tshark %s s: %s times as fast\n' "$ours" "$theirs" \
    "$(awk "BEGIN {printf \"%.1f\", $theirs / $ours}")"
small=$(measure "$castproof" transcript "$work/fifth.pcapng" | cut -d' ' -f2)
large=$(cut -d' ' -f2 "$work/castproof" | median)
printf 'memory of castproof at its peak: %s KiB for a fifth of the capture, %s KiB for the whole\n' "$small" "$large"
printf 'memory of tshark at its peak: %s KiB for the whole\n' "$(cut -d' ' -f2 "$work/tshark" | median)"
