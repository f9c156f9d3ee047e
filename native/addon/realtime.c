/* What lets a process run before all others: scheduling, locked memory, another start of itself with
 * other options. No policy: src/agent decides what is asked for. */
#include "realtime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int schedule(int priority) {
  struct sched_param parameters = {.sched_priority = priority};
  int policy = priority > 0 ? SCHED_FIFO : SCHED_OTHER;
  /* A thread that was reset-on-fork may only lose that with CAP_SYS_NICE: it keeps it. */
  return sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) < 0 ? -errno : priority;
}

static int schedule_at_most(int priority) {
  int result = schedule(priority);
  struct rlimit limit;
  if (result != -EPERM || getrlimit(RLIMIT_RTPRIO, &limit) < 0) return result;
  if (limit.rlim_cur == 0 || limit.rlim_cur >= (rlim_t)priority) return result;
  return schedule((int)limit.rlim_cur);
}

static int limit_run(rlim_t microseconds) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_RTTIME, &limit) < 0) return -errno;
  if (limit.rlim_cur > microseconds) limit.rlim_cur = microseconds;
  if (limit.rlim_max > microseconds) limit.rlim_max = microseconds;
  return setrlimit(RLIMIT_RTTIME, &limit) < 0 ? -errno : 0;
}

/* Calls back for every mapping of a file that holds nothing but the file's own content: what was
 * written to (relocations, data) has no other copy. Ends with the first answer that is not 0. */
static int for_each_program_mapping(int (*act)(void *from, size_t length)) {
  unsigned long from = 0, to = 0, inode = 0, anonymous;
  char line[PATH_MAX + 128], range[40], mode[5] = "";
  int result = 0;
  FILE *maps = fopen("/proc/self/smaps", "re");
  if (maps == NULL) return -errno;
  while (result == 0 && fgets(line, sizeof line, maps) != NULL) {
    if (sscanf(line, "%39[0-9a-f-] %4s %*x %*x:%*x %lu", range, mode, &inode) == 3) {
      if (sscanf(range, "%lx-%lx", &from, &to) != 2) inode = 0;
      continue;
    }
    if (sscanf(line, "Anonymous: %lu kB", &anonymous) != 1) continue;
    if (inode != 0 && mode[1] != 'w' && anonymous == 0) result = act((void *)from, to - from);
  }
  fclose(maps);
  return result;
}

static int forget(void *from, size_t length) {
  return madvise(from, length, MADV_DONTNEED) < 0 ? -errno : 0;
}

static int lock(void *from, size_t length) {
  return mlock2(from, length, MLOCK_ONFAULT) < 0 ? -errno : 0;
}

/* What a thread has freed at the end of its memory goes back when it is more than this. Left alone glibc raises the bound
 * to twice the largest block that was freed, and each thread that compiles keeps what its largest task took. */
#define MOST_UNUSED (128 * 1024)

/* What is used after all comes back from the page cache, and is locked then. */
static int settle_program(bool keep) {
  mallopt(M_TRIM_THRESHOLD, MOST_UNUSED);
  malloc_trim(0);
  int result = for_each_program_mapping(forget);
  return result < 0 || !keep ? result : for_each_program_mapping(lock);
}

int realtime_request(enum realtime_request request, int value) {
  switch (request) {
  case REALTIME_SCHEDULE:
    return schedule_at_most(value);
  case REALTIME_LIMIT:
    return limit_run((rlim_t)value);
  case REALTIME_SETTLE:
    return settle_program(value != 0);
  case REALTIME_TRIM:
    malloc_trim(0);
    return 0;
  }
  return -EINVAL;
}

int process_replace(void *whole, size_t size) {
  char *texts = whole;
  if (size == 0 || texts[size - 1] != '\0') return -EINVAL;
  char **arguments = calloc(size + 1, sizeof *arguments);
  if (arguments == NULL) return -ENOMEM;
  size_t count = 0;
  for (size_t at = 0; at < size; at += strlen(texts + at) + 1) arguments[count++] = texts + at;
  /* Node has marked all descriptors that it was started with to be closed here, these too. */
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd += 1) fcntl(fd, F_SETFD, 0);
  execv(texts, arguments);
  int error = errno;
  free(arguments);
  return -error;
}
