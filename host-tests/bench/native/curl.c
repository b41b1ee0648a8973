/* curl's library as a contestant, by its easy interface. The command would do, but for each kind of work there is less of it
 * that is not the work: no output files, no new process. */
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "client.h"

static const char *trusted;

int client_start(const char *file)
{
    trusted = file;
    return curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK;
}

static size_t count(char *bytes, size_t size, size_t length, void *total)
{
    (void)bytes;
    *(long long *)total += size * length;
    return size * length;
}

static size_t provide(char *buffer, size_t size, size_t length, void *left)
{
    unsigned long long *rest = left;
    length *= size;
    if (length > *rest)
        length = *rest;
    memset(buffer, 'x', length);
    *rest -= length;
    return length;
}

static long long exchange(CURL *curl, const struct job *job)
{
    unsigned long long left = job->length;
    long long received = 0;
    long status = 0;
    CURLcode outcome;
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(curl, CURLOPT_READDATA, &left);
    outcome = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (outcome != CURLE_OK || status != 200) {
        fprintf(stderr, "curl: %ld, %s\n", status, curl_easy_strerror(outcome));
        return -1;
    }
    return job->kind == UPLOAD ? (long long)job->length : received;
}

long long client_work(const struct job *job)
{
    char url[512];
    long long total = 0;
    CURL *curl = curl_easy_init();
    /* So that it does not ask whether it may send what it will send. */
    struct curl_slist *fields = curl_slist_append(NULL, "Expect:");
    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", job->port, job->target);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, trusted);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "xenon/0.1.0");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)PIECE);
    if (job->kind == UPLOAD) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, provide);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job->length);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    }
    if (job->kind == FULL || job->kind == RESUMED)
        curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    if (job->kind == FULL)
        curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    for (unsigned long index = 0; index < job->count; index++) {
        long long moved = exchange(curl, job);
        if (moved < 0) {
            total = moved;
            break;
        }
        total += moved;
    }
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    return total;
}
