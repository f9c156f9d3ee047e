/* Programs that wait for their turn, first come first served. */
#ifndef UNDERSTUDY_EXECUTOR_QUEUE_H
#define UNDERSTUDY_EXECUTOR_QUEUE_H

#include "child.h"

/* Takes a RUN payload; over the bound it is reported as failed. 0, -EPROTO or -ENOMEM. */
int queue_add(uint32_t id, struct bytes payload, report_function *report);
/* Starts programs, oldest first, while there is room for another child. */
void queue_start(report_function *report);
/* Forgets whoever waits; each is reported as failed with this message, unless `report` is NULL. */
void queue_clear(const char *message, report_function *report);

#endif
