# Shared by the adapters beside it, which are wrong on purpose: reads requests, answers what it is asked for, and joins or
# sends nothing. An adapter overrides `answer_VERB` for what it does wrong.

field() { # field NAME: the text or number of a member of the request
    rest=${line#*\"$1\":}
    [ "$rest" = "$line" ] && return
    rest=${rest#\"}
    printf '%s' "${rest%%[\",\}]*}"
}

say() { printf '%s\n' "$1"; }
ok() { say "{\"id\":$id,\"ok\":${1:-{\}}}"; }
unsupported() { say "{\"id\":$id,\"unsupported\":\"$1\"}"; }

ROLE=device
CAPABILITIES=
greeting() {
    printf '{"protocol":1,"role":"%s","implementation":{"name":"shell","version":"1"},"capabilities":[%s],"max_instances":40,"clock":"none"}' \
        "$ROLE" "$CAPABILITIES"
}

answer_hello() {
    case $line in
    *"\"role\":\"$ROLE\""*) ok "$(greeting)" ;;
    *) unsupported "it is a $ROLE" ;;
    esac
}
answer_open() { ok; }
answer_listen() { ok; }
answer_stimulate() { unsupported "nothing can be caused"; }
answer_query() { unsupported "nothing can be looked at"; }
answer_close() { ok; }
answer_bye() { ok; exit 0; }
answer_unknown() { unsupported "no verb of this name"; }

serve() {
    while IFS= read -r line; do
        id=$(field id)
        case $(field verb) in
        hello) answer_hello ;;
        open) answer_open ;;
        listen) answer_listen ;;
        stimulate) answer_stimulate ;;
        query) answer_query ;;
        push | provision) answer_push ;;
        care) ok ;;
        close) answer_close ;;
        bye) answer_bye ;;
        *) answer_unknown ;;
        esac
    done
}
answer_push() { ok '{"sequence":1001}'; }
