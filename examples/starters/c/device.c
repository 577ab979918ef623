/* A starter adapter for a Device. It runs as it is, and says honestly that there is no Device behind it yet.
 *
 * It drives an external program, PROGRAM: each verb is one call of it. What is yours to write is marked VENDOR, here and in
 * vendor.sh. castproof's docs/adapter.md tells what each request holds, and docs/profile.md what the Device has to do on
 * the network. */
#include "protocol.h"

/* VENDOR: the program that drives your Device. It is called as `PROGRAM VERB INSTANCE`, with the request as its input. */
static const char PROGRAM[] = "./vendor.sh";

static const char *const verbs[] = {"listen", "stimulate", "query", NULL};

/* VENDOR: who you are, and what the Device can do beyond what every Device must. profile.yaml says the same capabilities. */
const struct greeting greeting = {
    .role = "device",
    .verbs = verbs,
    .name = "starter Device in C",
    .version = "0",
    .capabilities = "",
};

void open_instance(struct instance *instance, const char *request, struct answer *answer) {
    run_program(PROGRAM, "open", instance, request, answer);
}

void ask_instance(struct instance *instance, const char *verb, const char *request, struct answer *answer) {
    run_program(PROGRAM, verb, instance, request, answer);
}

void close_instance(struct instance *instance, const char *request, struct answer *answer) {
    run_program(PROGRAM, "close", instance, request, answer);
}
