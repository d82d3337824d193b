/*
 * echo.c - the baseline: the least that a libfcgi program can do behind nginx. Reads the body, answers 202, keeps the
 * connection. More threads than connections that nginx may keep for the most clients, in two pools: libfcgi's accept
 * holds its thread for as long as its connection lives.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 1000, BACKLOG = 4096, PIECE = 65536 };

static void *serve(void *context)
{
    const int *listening = context;
    FCGX_Request request;
    char piece[PIECE];
    if (FCGX_InitRequest(&request, *listening, 0) != 0)
        return NULL;
    while (FCGX_Accept_r(&request) == 0) {
        while (FCGX_GetStr(piece, sizeof piece, request.in) == (int)sizeof piece)
            ;
        FCGX_FPrintF(request.out,
                     "Status: 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 2 || FCGX_Init() != 0) {
        fprintf(stderr, "usage: echo_fcgi SOCKET\n");
        return EXIT_FAILURE;
    }
    int listening = FCGX_OpenSocket(argv[1], BACKLOG);
    if (listening < 0) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    pthread_t thread;
    for (int i = 1; i < THREADS; i++)
        if (pthread_create(&thread, NULL, serve, &listening) != 0) {
            fprintf(stderr, "echo_fcgi: no more threads\n");
            return EXIT_FAILURE;
        }
    (void)serve(&listening);
    return EXIT_FAILURE;
}
