# Shared by adapters that stand before the reference Device (`$CASTPROOF reference device`) and spoil what it says: an
# adapter overrides `at_listen`, which is given the number of the `listen`, and 1 is that of the honesty probes. What
# `spoil` is given goes to the reference.

LISTENS=0
at_listen() { pass; }
at_stimulate() { pass; }
at_open() { pass; }
at_close() { pass; }
at_query() { pass; }
at_bye() { pass; }
pass() { printf '%s\n' "$line"; }
say() { printf '%s\n' "$1" >&3; }

spoil() {
    exec 3>&1
    {
        while IFS= read -r line; do
            case $line in
            *'"verb":"listen"'*)
                LISTENS=$((LISTENS + 1))
                at_listen
                ;;
            *'"verb":"stimulate"'*) at_stimulate ;;
            *'"verb":"open"'*) at_open ;;
            *'"verb":"close"'*) at_close ;;
            *'"verb":"query"'*) at_query ;;
            *'"verb":"bye"'*) at_bye ;;
            *) pass ;;
            esac
        done
    } | "$CASTPROOF" reference device "$@"
}
