/* The conversation of a native contestant with the bench: a line in says what to do, a line out what was done.
 *
 *     keep 4433 /small 1000 0      kind, port, target, how often, bytes to send each time
 *     64000 81234567               bytes of content moved, nanoseconds that this process has computed so far
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"

static int parse(const char *line, struct job *job)
{
    static const char *const kinds[] = {"keep", "full", "resumed", "upload"};
    char kind[16];
    if (sscanf(line, "%15s %d %255s %lu %llu", kind, &job->port, job->target, &job->count, &job->length) != 5)
        return 1;
    for (int index = 0; index < 4; index++)
        if (strcmp(kind, kinds[index]) == 0) {
            job->kind = (enum kind)index;
            return 0;
        }
    return 1;
}

int main(int argc, char **argv)
{
    char line[512];
    if (argc != 2 || client_start(argv[1]) != 0)
        return 1;
    while (fgets(line, sizeof line, stdin)) {
        struct job job;
        struct timespec busy;
        long long moved;
        if (parse(line, &job) != 0) {
            fprintf(stderr, "not understood: %s", line);
            return 2;
        }
        moved = client_work(&job);
        if (moved < 0 || clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &busy) != 0)
            return 1;
        printf("%lld %lld\n", moved, busy.tv_sec * 1000000000LL + busy.tv_nsec);
        fflush(stdout);
    }
    return 0;
}
