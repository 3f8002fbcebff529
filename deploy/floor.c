/* The floor of `classwire bench fanout`: one pre-encoded frame, written to N sockets by a loop of send(2).
 *
 * usage: floor CLIENTS BYTES. Prints its port; when all have come, prints "ready"; then for each line that
 * it reads it writes the frame once to everybody and prints when it began (monotonic seconds) and how
 * much CPU it took (seconds).
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int clients = atoi(argv[1]), bytes = atoi(argv[2]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int *line = calloc((size_t)clients, sizeof *line);
    char *frame = calloc((size_t)bytes, 1), order[64];
    memset(frame, 'x', (size_t)bytes);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096))
        return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int i = 0; i < clients; i++)
        if ((line[i] = accept(listener, NULL, NULL)) < 0)
            return 1;
    puts("ready");
    fflush(stdout);
    while (fgets(order, sizeof order, stdin)) {
        double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < clients; i++)
            if (send(line[i], frame, (size_t)bytes, MSG_NOSIGNAL | MSG_DONTWAIT) != bytes)
                return 1;
        printf("%.9f %.9f\n", began, seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
        fflush(stdout);
    }
    return 0;
}
