/* A starter adapter for a Service Provider. It runs as it is, and says honestly that there is no provider behind it yet.
 *
 * It drives an external program, PROGRAM: each verb is one call of it. What is yours to write is marked VENDOR, here and in
 * vendor.sh. castproof's docs/adapter.md tells what each request holds, and docs/profile.md what the provider has to do on
 * the network. */
#define _POSIX_C_SOURCE 200809L

#include "protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* VENDOR: the program that drives your provider. It is called as `PROGRAM VERB INSTANCE`, with the request as its input. */
static const char PROGRAM[] = "./vendor.sh";

static const char *const verbs[] = {"push", "provision", "care", "query", NULL};

/* VENDOR: who you are, and what the provider can do beyond what every provider must. profile.yaml says the same
 * capabilities. */
const struct greeting greeting = {
    .role = "provider",
    .verbs = verbs,
    .name = "starter Service Provider in C",
    .version = "0",
    .capabilities = "",
};

/* Listens on an address such as 127.0.0.1:0 or [::1]:0, and writes where. Gives the socket, or -1. */
static int hold_port(char *listen_on, char *where, size_t room) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    char *port = strrchr(listen_on, ':'), *host = listen_on, service[32];
    int yes = 1, listener = -1, is_ipv6 = *host == '[';
    if (!port)
        return -1;
    *port++ = 0;
    if (is_ipv6) {
        host++;
        host[strcspn(host, "]")] = 0;
    }
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    listener = socket(found->ai_family, SOCK_STREAM, 0);
    /* A program that is run must not keep the port. */
    if (listener < 0 || fcntl(listener, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, found->ai_addr, found->ai_addrlen) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&bound, &length) != 0 ||
        getnameinfo((struct sockaddr *)&bound, length, NULL, 0, service, sizeof service, NI_NUMERICSERV) != 0) {
        if (listener >= 0)
            close(listener);
        listener = -1;
    }
    freeaddrinfo(found);
    if (listener >= 0)
        snprintf(where, room, is_ipv6 ? "[%s]:%s" : "%s:%s", host, service);
    return listener;
}

void open_instance(struct instance *instance, const char *request, struct answer *answer) {
    char where[128], *listen_on = text_member(request, "listen");
    run_program(PROGRAM, "open", instance, request, answer);
    if (answer->outcome == DONE) {
        /* VENDOR: this only holds the port of a DM Server, and answers nobody on it. Take the block out when your program
         * starts a DM Server; it then prints {"address": "127.0.0.1:40123"} itself. */
        instance->listener = listen_on ? hold_port(listen_on, where, sizeof where) : -1;
        if (instance->listener >= 0) {
            snprintf(answer->text, sizeof answer->text, "{\"address\":\"%s\"}", where);
        } else {
            answer->outcome = HOST;
            snprintf(answer->text, sizeof answer->text, "listen: %s", strerror(errno));
        }
    }
    free(listen_on);
}

void ask_instance(struct instance *instance, const char *verb, const char *request, struct answer *answer) {
    run_program(PROGRAM, verb, instance, request, answer);
}

void close_instance(struct instance *instance, const char *request, struct answer *answer) {
    if (instance->listener >= 0)
        close(instance->listener);
    run_program(PROGRAM, "close", instance, request, answer);
}
