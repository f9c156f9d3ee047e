/* What is owed for the will, in the agent's silence and after its death. No frames, no descriptors. */
#ifndef UNDERSTUDY_EXECUTOR_DUTY_H
#define UNDERSTUDY_EXECUTOR_DUTY_H

#include "child.h"

/* `report` tells the agent of its programs, `revoked` that its lease lapsed. */
void duty_prepare(report_function *report, void (*revoked)(void));
/* The agent is there, and what it asks for is done. */
bool duty_serving(void);
bool duty_done(void);
/* Whether a program may be started. */
bool duty_idle(void);
/* Ends the program without a will. */
void duty_resign(void);
/* 0, -EPROTO or -ENOMEM. */
int duty_replace_will(struct bytes payload);
/* Until when the addresses may stand: UNTIL's payload. 0 or -EPROTO. */
int duty_hold_until(struct bytes payload);
void duty_end_service(bool send_farewell);
/* Ends the service with a farewell, and says in the log whether one was due. */
void duty_agent_died(void);
/* Takes every result. Id 0 is the release program's: the agent's begin with 1. */
report_function duty_report;
int64_t duty_due(void);
int duty_poll(struct pollfd *polled, int count);
void duty_serve(const struct pollfd *polled);
/* Once a turn, after everything that is due or arrived was looked at; `now` is that of its look at
 * the lease. */
void duty_attend(int64_t now);

#endif
