/* Starting a program behind three pipes. Nobody feeds, reads or waits for it here. */
#ifndef UNDERSTUDY_EXECUTOR_PROCESS_H
#define UNDERSTUDY_EXECUTOR_PROCESS_H

#include "frame.h"

#include <sys/types.h>

/* Our ends of its stdin, stdout and stderr; they do not block. */
struct process {
  pid_t pid;
  int ends[3];
};

/* 0 or errno; nothing is left open then. */
int process_start(const struct request *request, struct process *process);
/* Closes it unless it is -1, which it is afterwards. */
void close_fd(int *fd);

#endif
