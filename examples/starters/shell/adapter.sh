#!/bin/sh
# A starter adapter in shell. It answers `hello` and `bye`, and says honestly that it has nothing else.
#
# It is good for a first look at the protocol: `sh adapter.sh`, then type a line. For a real adapter take a language that
# reads JSON; `castproof init` knows rust, python and c. castproof's docs/adapter.md tells what each request holds.

# VENDOR: who you are.
ROLE=@ROLE@
NAME="starter in shell"
VERSION=0

# Prints id, verb, role, and whether protocol 1 is offered; `-` for what is not there. Members may come in any order, and
# there may be others of the same name inside: what stands in the outermost braces counts.
READ='
function plain(text) { return text == "" ? "-" : text ~ /^[a-z-]+$/ ? text : "another" }
{
    gsub(/\\./, "_")
    count = split($0, part, "\"")
    for (i = 1; i <= count; i++) {
        if (i % 2 == 0) {
            if (depth == 1 && is_value) text[key] = part[i]
            if (depth == 1 && !is_value) key = part[i]
            continue
        }
        if (depth == 1 && key == "id" && match(part[i], /^ *: *[0-9]+ *[,}]/)) {
            id = part[i]
            gsub(/[^0-9]/, "", id)
        }
        if (depth == 1 && key == "protocols") protocols = part[i]
        is_value = part[i] ~ /: *$/
        depth += gsub(/[[{]/, "", part[i])
        depth -= gsub(/[]}]/, "", part[i])
    }
    is_whole = $0 ~ /^ *[{]/ && depth == 0
    print (is_whole && id != "" ? id : "-"), plain(text["verb"]), plain(text["role"]), (protocols ~ /[[, ]1[], ]/ ? "yes" : "no")
}'

say() { printf '%s\n' "$1"; }
ok() { say "{\"id\":$id,\"ok\":$1}"; }
unsupported() { say "{\"id\":$id,\"unsupported\":\"$1\"}"; }

hello() { # hello ROLE OFFERS-PROTOCOL-1
    if [ "$1" != "$ROLE" ]; then
        unsupported "this adapter has the role $ROLE"
    elif [ "$2" != yes ]; then
        unsupported "this adapter knows protocol 1"
    else
        ok "{\"protocol\":1,\"role\":\"$ROLE\",\"implementation\":{\"name\":\"$NAME\",\"version\":\"$VERSION\"},\"capabilities\":[],\"max_instances\":1,\"clock\":\"none\"}"
    fi
}

while IFS= read -r line; do
    [ -n "$line" ] || continue
    # shellcheck disable=SC2046
    set -- $(printf '%s\n' "$line" | awk "$READ")
    id=$1
    case $1 in
    -)
        say '{"id":null,"error":{"kind":"malformed","reason":"no request of this protocol"}}'
        continue
        ;;
    esac
    case $2 in
    -) say "{\"id\":$id,\"error\":{\"kind\":\"malformed\",\"reason\":\"no verb\"}}" ;;
    hello) hello "$3" "$4" ;;
    bye)
        ok '{}'
        exit 0
        ;;
    # VENDOR: @VERBS@ come here, each with its own answer, and `open` and
    # `close` before them. Keep the last line: a verb that you do not know is unsupported, and castproof tries that out.
    *) unsupported "this starter has nothing but hello and bye" ;;
    esac
done
