/*
 * Starts one program behind three pipes. Who feeds it, reads it and waits for its end is the caller's
 * concern.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool overridden(const char *variable, char *const *additions) {
  size_t name = strcspn(variable, "=") + 1;
  for (; *additions != NULL; additions += 1)
    if (strncmp(variable, *additions, name) == 0) return true;
  return false;
}

/* Our own environment with the additions in place of what they override; NULL without memory. */
static char **merged_environment(char *const *additions) {
  size_t own = 0;
  size_t added = 0;
  while (environ[own] != NULL) own += 1;
  while (additions[added] != NULL) added += 1;
  char **merged = calloc(own + added + 1, sizeof(char *));
  if (merged == NULL) return NULL;
  size_t count = 0;
  for (size_t i = 0; i < own; i += 1)
    if (!overridden(environ[i], additions)) merged[count++] = environ[i];
  memcpy(merged + count, additions, added * sizeof(char *));
  return merged;
}

/*
 * posix_spawn is vfork underneath: no page is copied. The program starts as from a shell: default
 * signals (ours are ignored or blocked), nothing open but its three pipes, a process group of its own.
 */
static int spawn(pid_t *pid, const struct request *request, const int ends[3]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  sigset_t all;
  char **environment = merged_environment(request->additions);
  if (environment == NULL) return ENOMEM;
  sigemptyset(&none);
  sigfillset(&all);
  if (request->steadfast) { /* ignored by us, so by it */
    sigdelset(&all, SIGTERM);
    sigdelset(&all, SIGQUIT);
  }
  int error = posix_spawn_file_actions_init(&actions);
  if (error != 0) {
    free(environment);
    return error;
  }
  error = posix_spawnattr_init(&attributes);
  for (int fd = 0; fd < 3 && error == 0; fd += 1)
    error = posix_spawn_file_actions_adddup2(&actions, ends[fd], fd);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  if (error == 0)
    error = posix_spawn(pid, request->argv[0], &actions, &attributes, request->argv, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  free(environment);
  return error;
}

/*
 * Only our own end is non-blocking: a program expects its pipes to block. Their ends are never
 * 0, 1 or 2, which main() keeps open: dup2 onto itself would leave CLOEXEC set.
 */
static int open_pipe(int *ours, int *theirs, bool we_write) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  *ours = ends[we_write ? 1 : 0];
  *theirs = ends[we_write ? 0 : 1];
  return fcntl(*ours, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

void close_fd(int *fd) {
  if (*fd >= 0) {
    close(*fd);
    *fd = -1;
  }
}

int process_start(const struct request *request, struct process *process) {
  int theirs[3] = {-1, -1, -1};
  int error = 0;
  *process = (struct process){.ends = {-1, -1, -1}};
  for (int fd = 0; fd < 3 && error == 0; fd += 1)
    error = open_pipe(&process->ends[fd], &theirs[fd], fd == 0);
  if (error == 0) error = spawn(&process->pid, request, theirs);
  for (int fd = 0; fd < 3; fd += 1) {
    close_fd(&theirs[fd]);
    if (error != 0) close_fd(&process->ends[fd]);
  }
  return error;
}
