/* The adapter protocol, version 1: what protocol.c gives to adapter.c. You need not change this file. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdio.h>

/* What `hello` says. */
struct greeting {
    const char *role;         /* "device" or "provider" */
    const char *const *verbs; /* verbs other than hello, open, close and bye; ends with NULL */
    const char *name;
    const char *version;
    const char *capabilities; /* the inside of a JSON list, such as "\"ipv6\",\"tls\"" */
};

/* How a request ended. */
enum outcome { DONE, UNSUPPORTED, REFUSED, HOST };

/* An answer. `text` is what `ok` holds, as a JSON object (empty is {}), or the reason in words. */
struct answer {
    enum outcome outcome;
    char text[4096];
};

/* An instance: one Device or one Service Provider, for one scenario. */
struct instance {
    char *name;
    int listener; /* for your use; -1 at first */
};

/* Yours, in adapter.c. `request` is the whole line. */
extern const struct greeting greeting;
void open_instance(struct instance *instance, const char *request, struct answer *answer);
void ask_instance(struct instance *instance, const char *verb, const char *request, struct answer *answer);
void close_instance(struct instance *instance, const char *request, struct answer *answer);

/* A text member of a JSON object, without its escapes, to be freed; NULL where there is none. */
char *text_member(const char *object, const char *name);
/* The JSON of a member, such as an object inside an object, to be freed; NULL where there is none. */
char *json_member(const char *object, const char *name);

/* Runs a program with two arguments and the request as its standard input, and takes its exit code for the outcome: 0 is
 * DONE, 3 is UNSUPPORTED, 4 is HOST, all others REFUSED. The first line of its output becomes the text. */
void run_program(const char *program, const char *verb, const struct instance *instance, const char *request,
                 struct answer *answer);

#endif
