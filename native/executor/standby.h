/* The program in waiting. It is no child before it is used. */
#ifndef UNDERSTUDY_EXECUTOR_STANDBY_H
#define UNDERSTUDY_EXECUTOR_STANDBY_H

#include "process.h"

/* Takes a STANDBY payload; one in waiting is started anew. 0, -EPROTO or -ENOMEM. */
int standby_replace(struct bytes payload);
/* Hands over the one in waiting, when it is what `request` asks for and lives. */
bool standby_take(const struct request *request, struct process *process);
/* This process has ended: it may have been the one in waiting. */
void standby_reaped(pid_t pid);
/* When standby_attend is due; `busy` while a program runs. */
int64_t standby_due(bool busy);
/* Starts one when it is time. */
void standby_attend(bool busy);
void standby_end(void);

#endif
