/* What a native contestant has to do. client.c asks for it, neon.c and curl.c do it.
 *
 * It is a program of its own, so that what it computes can be told from what the bench computes.
 */
#ifndef XENON_BENCH_CLIENT_H
#define XENON_BENCH_CLIENT_H

enum kind {
    KEEP,    /* GET over one kept connection, content thrown away as it comes */
    FULL,    /* GET over a new connection each, with a full handshake */
    RESUMED, /* GET over a new connection each, in a session that may resume */
    UPLOAD   /* PUT over one kept connection */
};

struct job {
    enum kind kind;
    int port; /* of 127.0.0.1 */
    char target[256];
    unsigned long count;
    unsigned long long length; /* of the content that goes up */
};

/* Bytes asked for, or given, at once. */
#define PIECE (64 * 1024)

/* Called once, with a file that holds the one certificate that is trusted. Not zero: it failed, and said why. */
int client_start(const char *trusted);

/* Does the job `count` times: how many bytes of content went down, or up; less than zero: it failed, and said why. */
long long client_work(const struct job *job);

#endif
