/* neon as a contestant, through its public interface. */
#include <stdio.h>
#include <string.h>

#include <ne_request.h>
#include <ne_session.h>
#include <ne_socket.h>
#include <ne_ssl.h>

#include "client.h"

static ne_ssl_certificate *trusted;

int client_start(const char *file)
{
    if (ne_sock_init() != 0 || !(trusted = ne_ssl_cert_read(file))) {
        fprintf(stderr, "neon cannot be used with %s\n", file);
        return 1;
    }
    return 0;
}

static ne_session *open_session(const struct job *job)
{
    ne_session *session = ne_session_create("https", "127.0.0.1", job->port);
    ne_ssl_trust_cert(session, trusted);
    ne_set_useragent(session, "xenon/0.1.0");
    return session;
}

/* A request's content: so many bytes are left of it. */
struct content {
    unsigned long long length, left;
};

static ssize_t provide(void *userdata, char *buffer, size_t length)
{
    struct content *content = userdata;
    if (length == 0) { /* from the beginning */
        content->left = content->length;
        return 0;
    }
    if (length > content->left)
        length = content->left;
    memset(buffer, 'x', length);
    content->left -= length;
    return length;
}

/* One request and its whole response. */
static long long exchange(ne_session *session, const struct job *job)
{
    static char piece[PIECE];
    struct content content = {job->length, job->length};
    int is_upload = job->kind == UPLOAD, outcome;
    long long received;
    ne_request *request = ne_request_create(session, is_upload ? "PUT" : "GET", job->target);
    if (is_upload)
        ne_set_request_body_provider(request, content.length, provide, &content);
    do {
        ssize_t length = 0;
        received = 0;
        if ((outcome = ne_begin_request(request)) != NE_OK)
            break;
        while ((length = ne_read_response_block(request, piece, sizeof piece)) > 0)
            received += length;
        outcome = length < 0 ? NE_ERROR : ne_end_request(request);
    } while (outcome == NE_RETRY);
    if (outcome != NE_OK || ne_get_status(request)->code != 200) {
        fprintf(stderr, "neon: %d, %s\n", outcome, ne_get_error(session));
        received = -1;
    }
    ne_request_destroy(request);
    return received < 0 ? received : is_upload ? (long long)job->length : received;
}

long long client_work(const struct job *job)
{
    ne_session *session = open_session(job);
    long long total = 0;
    for (unsigned long index = 0; index < job->count; index++) {
        long long moved = exchange(session, job);
        if (moved < 0) {
            total = moved;
            break;
        }
        total += moved;
        if (job->kind == RESUMED)
            ne_close_connection(session);
        if (job->kind == FULL) {
            ne_session_destroy(session);
            session = open_session(job);
        }
    }
    ne_session_destroy(session);
    return total;
}
