/* What lets a process run before all others: scheduling, locked memory, another start of itself with
 * other options. No policy: src/agent decides what is asked for. */
#ifndef UNDERSTUDY_REALTIME_H
#define UNDERSTUDY_REALTIME_H

#include <stddef.h>

enum realtime_request {
  /* Puts the calling thread under SCHED_FIFO at the priority that is the value, or, where the limit of
   * RLIMIT_RTPRIO is lower, at that one; threads and processes that it starts are ordinary. 0 asks for
   * ordinary scheduling. Answers the priority in force. */
  REALTIME_SCHEDULE = 1,
  /* SCHED_FIFO without a pause for more microseconds than the value ends the process (SIGXCPU). */
  REALTIME_LIMIT = 2,
  /* Lets go of the pages of the program and its libraries that only the start needed, and of memory that was freed, now
   * and from now on. With a value of 1 keeps those in memory that are needed from now on, so that a shortage does not have
   * them read from the disk again. The heap is left out: V8 gives pages back with MADV_DONTNEED and ends the process when
   * it is refused, as it is for locked ones. */
  REALTIME_SETTLE = 3,
  /* Gives back what was freed between blocks that are in use, too: of all threads, so it waits for one that is just taking
   * memory. */
  REALTIME_TRIM = 4,
};

/* 0 or what the request answers, or -errno. */
int realtime_request(enum realtime_request request, int value);

/* Replaces the program of this process: the texts are its path and its arguments, each ended by a zero
 * byte. Returns only when that failed: -errno. */
int process_replace(void *whole, size_t size);

#endif
