/* The adapter protocol, version 1: lines, JSON, ids, instances, programs. You need not change this file.
 *
 * Yours is adapter.c, and whatever program it runs. The protocol is told in castproof's docs/adapter.md. Needs POSIX and
 * nothing else. */
#define _POSIX_C_SOURCE 200809L

#include "protocol.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_INSTANCES 24
/* How deep JSON may be nested. No request is deeper than 20. */
#define DEEPEST 100

static struct instance instances[MOST_INSTANCES];

/* ---- JSON: a value is skipped, checked on the way. Each function gives what follows, or NULL for what is no JSON. ---- */

static const char *space(const char *at) {
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at) {
    if (*at++ != '"')
        return NULL;
    for (; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if ((unsigned char)*at < 0x20)
            return NULL;
    }
    return at + 1;
}

static const char *skip_value(const char *at, int depth);

static const char *skip_list(const char *at, char end, int depth) {
    at = space(at + 1);
    if (*at == end)
        return at + 1;
    for (;;) {
        at = space(at);
        if (end == '}') {
            at = skip_string(at);
            if (!at || *(at = space(at)) != ':')
                return NULL;
            at++;
        }
        at = skip_value(at, depth + 1);
        if (!at)
            return NULL;
        at = space(at);
        if (*at == end)
            return at + 1;
        if (*at++ != ',')
            return NULL;
    }
}

static const char *skip_value(const char *at, int depth) {
    static const char *const words[] = {"true", "false", "null"};
    size_t length;
    if (depth > DEEPEST)
        return NULL;
    at = space(at);
    if (*at == '"')
        return skip_string(at);
    if (*at == '{' || *at == '[')
        return skip_list(at, *at == '{' ? '}' : ']', depth);
    for (size_t word = 0; word < sizeof words / sizeof *words; word++)
        if (strncmp(at, words[word], strlen(words[word])) == 0)
            return at + strlen(words[word]);
    length = strspn(at, "+-.eE0123456789");
    return length ? at + length : NULL;
}

static char *copy(const char *from, size_t length) {
    char *copied = malloc(length + 1);
    if (!copied)
        abort();
    memcpy(copied, from, length);
    copied[length] = 0;
    return copied;
}

char *json_member(const char *object, const char *name) {
    const char *at = space(object);
    if (*at != '{' || !skip_value(at, 0))
        return NULL;
    for (at = space(at + 1); *at != '}' && *at; at = space(at)) {
        const char *value = skip_string(at), *end;
        /* Names of members are plain in this protocol: none has an escape. */
        int is_it = (size_t)(value - at - 2) == strlen(name) && strncmp(at + 1, name, strlen(name)) == 0;
        value = space(space(value) + 1);
        end = skip_value(value, 1);
        if (is_it)
            return copy(value, (size_t)(end - value));
        at = space(end);
        if (*at == ',')
            at++;
    }
    return NULL;
}

static size_t put_utf8(char *to, unsigned long code) {
    if (code < 0x80)
        return to[0] = (char)code, 1;
    if (code < 0x800)
        return to[0] = (char)(0xc0 | code >> 6), to[1] = (char)(0x80 | (code & 63)), 2;
    if (code < 0x10000)
        return to[0] = (char)(0xe0 | code >> 12), to[1] = (char)(0x80 | (code >> 6 & 63)),
               to[2] = (char)(0x80 | (code & 63)), 3;
    return to[0] = (char)(0xf0 | code >> 18), to[1] = (char)(0x80 | (code >> 12 & 63)),
           to[2] = (char)(0x80 | (code >> 6 & 63)), to[3] = (char)(0x80 | (code & 63)), 4;
}

static unsigned long unit(const char *digits) {
    char four[5] = {0};
    strncpy(four, digits, 4);
    return strtoul(four, NULL, 16);
}

char *text_member(const char *object, const char *name) {
    static const char names[] = "nrtbf", meant[] = "\n\r\t\b\f";
    char *json = json_member(object, name), *to = json, *from = json;
    if (!json || *json != '"') {
        free(json);
        return NULL;
    }
    /* A text without its escapes is never longer than with them, so it is written over itself. */
    for (from++; *from != '"';) {
        const char *named;
        if (*from != '\\') {
            *to++ = *from++;
        } else if (from[1] != 'u') {
            named = strchr(names, from[1]);
            *to++ = named ? meant[named - names] : from[1];
            from += 2;
        } else {
            unsigned long code = unit(from + 2);
            /* The last octet is the quote at the end; a short escape must not jump over it. */
            from += strlen(from) < 7 ? strlen(from) - 1 : 6;
            if (code >= 0xd800 && code < 0xdc00 && from[0] == '\\' && from[1] == 'u' && strlen(from) > 6) {
                code = 0x10000 + ((code - 0xd800) << 10) + (unit(from + 2) & 0x3ff);
                from += 6;
            }
            to += put_utf8(to, code ? code : 0xfffd);
        }
    }
    *to = 0;
    return json;
}

static void print_quoted(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

/* ---- Programs ---- */

/* Keeps the first line of what a program says, and reads the rest so that it can end. */
static void hear(int from, char *text, size_t room) {
    char octets[4096];
    size_t length = 0;
    int is_first = 1;
    ssize_t got;
    while ((got = read(from, octets, sizeof octets)) > 0 || (got < 0 && errno == EINTR))
        for (ssize_t at = 0; at < got; at++) {
            is_first = is_first && octets[at] != '\n';
            if (is_first && length + 1 < room)
                text[length++] = octets[at];
        }
    text[length] = 0;
}

void run_program(const char *program, const char *verb, const struct instance *instance, const char *request,
                 struct answer *answer) {
    /* A file and no pipe: a program may say something before it has read all of the request, or never read it. */
    FILE *input = tmpfile();
    int output[2], status = -1;
    pid_t child;
    answer->outcome = HOST;
    snprintf(answer->text, sizeof answer->text, "run %s: the host has no room for another program", program);
    if (!input || fputs(request, input) == EOF || fflush(input) == EOF || pipe(output) != 0) {
        if (input)
            fclose(input);
        return;
    }
    rewind(input);
    child = fork();
    if (child == 0) {
        dup2(fileno(input), 0);
        dup2(output[1], 1);
        close(output[0]);
        close(output[1]);
        execl(program, program, verb, instance->name, (char *)NULL);
        fprintf(stderr, "run %s: %s\n", program, strerror(errno));
        _exit(127);
    }
    close(output[1]);
    if (child > 0) {
        hear(output[0], answer->text, sizeof answer->text);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        answer->outcome = status == 0 ? DONE : status == 3 ? UNSUPPORTED : status == 4 ? HOST : REFUSED;
        if (answer->outcome != DONE && !answer->text[0])
            snprintf(answer->text, sizeof answer->text, "%s %s ended with %d and gave no reason", program, verb, status);
        /* What the program says goes into the line that castproof reads, so it has to be an object. */
        if (answer->outcome == DONE && answer->text[0]) {
            const char *end = answer->text[0] == '{' ? skip_value(answer->text, 0) : NULL;
            if (!end || *space(end)) {
                answer->outcome = REFUSED;
                snprintf(answer->text, sizeof answer->text, "%s %s printed something that is no JSON object", program, verb);
            }
        }
    }
    close(output[0]);
    fclose(input);
}

/* ---- Requests and answers ---- */

static void say(const char *id, const struct answer *answer) {
    static const char *const kinds[] = {"", "", "refused", "host"};
    printf("{\"id\":%s,", id);
    if (answer->outcome == DONE) {
        printf("\"ok\":%s}\n", answer->text[0] ? answer->text : "{}");
    } else if (answer->outcome == UNSUPPORTED) {
        printf("\"unsupported\":");
        print_quoted(answer->text);
        printf("}\n");
    } else {
        printf("\"error\":{\"kind\":\"%s\",\"reason\":", kinds[answer->outcome]);
        print_quoted(answer->text);
        printf("}}\n");
    }
    /* libc holds output back when it goes to a pipe. */
    if (fflush(stdout) == EOF)
        exit(0);
}

static void say_no_instance(const char *id, const char *reason) {
    printf("{\"id\":%s,\"error\":{\"kind\":\"instance\",\"reason\":\"%s\"}}\n", id, reason);
    if (fflush(stdout) == EOF)
        exit(0);
}

static void hello(const char *request, struct answer *answer) {
    char *role = text_member(request, "role"), *protocols = json_member(request, "protocols");
    int is_role = role && strcmp(role, greeting.role) == 0, is_known = 0;
    for (char *number = protocols ? strtok(protocols, "[], \t") : NULL; number; number = strtok(NULL, "[], \t"))
        is_known = is_known || strcmp(number, "1") == 0;
    free(role);
    free(protocols);
    if (!is_role || !is_known) {
        answer->outcome = UNSUPPORTED;
        snprintf(answer->text, sizeof answer->text, is_role ? "this adapter knows protocol 1" : "this adapter has the role %s",
                 greeting.role);
        return;
    }
    snprintf(answer->text, sizeof answer->text,
             "{\"protocol\":1,\"role\":\"%s\",\"implementation\":{\"name\":\"%s\",\"version\":\"%s\"},"
             "\"capabilities\":[%s],\"max_instances\":%d,\"clock\":\"none\"}",
             greeting.role, greeting.name, greeting.version, greeting.capabilities, MOST_INSTANCES);
}

static struct instance *find(const char *name) {
    for (struct instance *one = instances; one < instances + MOST_INSTANCES; one++)
        if (name ? one->name && strcmp(one->name, name) == 0 : !one->name)
            return one;
    return NULL;
}

static int is_of_role(const char *verb) {
    for (const char *const *known = greeting.verbs; *known; known++)
        if (strcmp(*known, verb) == 0)
            return 1;
    return 0;
}

static void open_request(const char *id, const char *request, const char *name, struct answer *answer) {
    struct instance *instance = find(NULL);
    char *offset = json_member(request, "clock_offset_ms");
    int is_offset = offset && strcmp(offset, "0") != 0;
    free(offset);
    if (!name || find(name)) {
        say_no_instance(id, "an instance of this name is open already");
    } else if (!instance) {
        say_no_instance(id, "no more instances may be open");
    } else {
        if (is_offset) {
            answer->outcome = UNSUPPORTED;
            snprintf(answer->text, sizeof answer->text, "the clock cannot be set");
        } else {
            instance->name = copy(name, strlen(name));
            instance->listener = -1;
            open_instance(instance, request, answer);
            if (answer->outcome != DONE) {
                free(instance->name);
                instance->name = NULL;
            }
        }
        say(id, answer);
    }
}

/* Answers a request, and says whether it was the last one. */
static int answer_request(const char *id, const char *verb, const char *request) {
    struct answer answer = {DONE, ""};
    char *name = text_member(request, "instance");
    struct instance *instance = name ? find(name) : NULL;
    if (strcmp(verb, "hello") == 0) {
        hello(request, &answer);
        say(id, &answer);
    } else if (strcmp(verb, "bye") == 0) {
        say(id, &answer);
    } else if (strcmp(verb, "open") == 0) {
        open_request(id, request, name, &answer);
    } else if (strcmp(verb, "close") != 0 && !is_of_role(verb)) {
        answer.outcome = UNSUPPORTED;
        snprintf(answer.text, sizeof answer.text, "a %s has no such verb", greeting.role);
        say(id, &answer);
    } else if (!instance) {
        say_no_instance(id, "no instance of this name is open");
    } else if (strcmp(verb, "close") == 0) {
        close_instance(instance, request, &answer);
        free(instance->name);
        instance->name = NULL;
        say(id, &answer);
    } else {
        ask_instance(instance, verb, request, &answer);
        say(id, &answer);
    }
    free(name);
    return strcmp(verb, "bye") == 0;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int is_over = 0;
    signal(SIGPIPE, SIG_IGN);
    while (!is_over && (length = getline(&line, &room, stdin)) > 0) {
        const char *end = skip_value(line, 0);
        char *id, *verb;
        if (!*space(line))
            continue;
        /* A NUL in it would hide what follows. */
        if (strlen(line) != (size_t)length || (end && *space(end)))
            end = NULL;
        id = end ? json_member(line, "id") : NULL;
        verb = end ? text_member(line, "verb") : NULL;
        if (id && verb && strspn(id, "0123456789") == strlen(id)) {
            is_over = answer_request(id, verb, line);
        } else {
            printf("{\"id\":null,\"error\":{\"kind\":\"malformed\",\"reason\":\"no request of this protocol\"}}\n");
            fflush(stdout);
        }
        free(id);
        free(verb);
    }
    free(line);
    return 0;
}
