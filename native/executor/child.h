/* Programs that run: fed, drained, reaped, killed at their deadline. Who runs when is the caller's. */
#ifndef UNDERSTUDY_EXECUTOR_CHILD_H
#define UNDERSTUDY_EXECUTOR_CHILD_H

#include "frame.h"

#include <poll.h>

#define CHILDREN_MAX 64
/* Of each: its stdin, stdout and stderr. */
#define CHILDREN_POLLED_MAX (3 * CHILDREN_MAX)
/* A killed process is waited for at most this long: one stuck in the kernel must not stop us. */
#define KILL_GRACE_MS 1000

/* How a child ended; `output` and `errors` are valid during the call. */
typedef void report_function(uint32_t id, enum outcome outcome, uint32_t value, const char *message,
                             struct bytes output, struct bytes errors);

/* Starts the program, or uses the one in waiting, and owns `request` from now on. A failure is
 * reported, not returned. */
void child_start(uint32_t id, struct request *request, report_function *report);
int children_running(void);
/* SIGKILL to the process group of every child. */
void children_kill(void);
/* Forgets every child: no result is reported. */
void children_abandon(void);
/* Collects whoever exited, reports it, closes its pipes. */
void children_reap(report_function *report);
/* Kills whoever is past its deadline. */
void children_expire(int64_t now, report_function *report);
int64_t children_deadline(void);
int children_poll(struct pollfd *polled, int count);
void children_serve(const struct pollfd *polled);

#endif
