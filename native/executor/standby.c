/*
 * The program in waiting: started before it is needed, it has its interpreter loaded and blocks in
 * reading its stdin. It is no child yet: nothing waits for it, and what kills running programs
 * passes it by, because the release of the will is to find it.
 */
#include "standby.h"
#include "clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* After one was used: what its lines have brought about comes first. */
#define USED_PAUSE_MS 20
/* After one that died unused, or did not start: a program that does not wait is not for this. */
#define DEATH_PAUSE_MS 1000
#define DEATH_PAUSE_MAX_MS 64000

/* A nice value. */
#define FIRST_OF_THE_ORDINARY (-20)

static struct request wanted; /* no argv: none */
static struct process spare; /* pid 0: none */
static int64_t started_at;
static int64_t start_at;
static int64_t death_pause = DEATH_PAUSE_MS;

static void close_pipes(void) {
  for (int fd = 0; fd < 3; fd += 1) close_fd(&spare.ends[fd]);
  spare.pid = 0;
}

/* Killed first: it must not take the end of its stdin for the end of its lines. */
void standby_end(void) {
  if (spare.pid != 0) {
    kill(-spare.pid, SIGKILL); /* not yet reaped, so the group is still its own */
    close_pipes();
  }
}

int standby_replace(struct bytes payload) {
  struct request next = {0};
  if (payload.length > 0) {
    int error = request_parse(payload, &next);
    if (error != 0) return error;
    if (next.input.length > 0) {
      request_free(&next);
      return -EPROTO;
    }
  }
  standby_end();
  request_free(&wanted);
  wanted = next;
  wanted.steadfast = true;
  start_at = now_ms();
  death_pause = DEATH_PAUSE_MS;
  return 0;
}

/* Twice as long each time, until one has lived longer than that. */
static void died(void) {
  int64_t now = now_ms();
  if (now - started_at > death_pause) death_pause = DEATH_PAUSE_MS;
  start_at = now + death_pause;
  death_pause = 2 * death_pause < DEATH_PAUSE_MAX_MS ? 2 * death_pause : DEATH_PAUSE_MAX_MS;
}

void standby_reaped(pid_t pid) {
  if (pid == spare.pid) {
    close_pipes();
    died();
  }
}

static bool same_texts(char *const *one, char *const *other) {
  while (*one != NULL && *other != NULL && strcmp(*one, *other) == 0) {
    one += 1;
    other += 1;
  }
  return *one == NULL && *other == NULL;
}

/* The dead one whose SIGCHLD is still to be read must not swallow the lines. */
static bool alive(void) {
  if (spare.pid != 0 && waitpid(spare.pid, NULL, WNOHANG) != 0) standby_reaped(spare.pid);
  return spare.pid != 0;
}

/*
 * Everybody waits for its lines to be carried out, and on a busy machine an ordinary program waits for its
 * turn: it is the first of the ordinary ones, where we are before all of them, and as far as we may.
 */
static void hurry(pid_t group) {
  if ((sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO)
    (void)setpriority(PRIO_PGRP, (id_t)group, FIRST_OF_THE_ORDINARY);
}

bool standby_take(const struct request *request, struct process *process) {
  if (wanted.argv == NULL || !same_texts(wanted.argv, request->argv) ||
      !same_texts(wanted.additions, request->additions) || !alive())
    return false;
  *process = spare;
  hurry(spare.pid);
  spare.pid = 0;
  start_at = now_ms() + USED_PAUSE_MS;
  death_pause = DEATH_PAUSE_MS;
  return true;
}

int64_t standby_due(bool busy) {
  return wanted.argv == NULL || spare.pid != 0 || busy ? NEVER : start_at;
}

/* Why it does not start is told to whoever asks for its run. */
void standby_attend(bool busy) {
  if (now_ms() < standby_due(busy)) return;
  started_at = now_ms();
  if (process_start(&wanted, &spare) != 0) {
    spare.pid = 0;
    died();
  }
}
