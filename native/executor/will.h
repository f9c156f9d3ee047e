/* The network half of the last will: farewell and successors. No process, no clock, no decision. */
#ifndef UNDERSTUDY_EXECUTOR_WILL_H
#define UNDERSTUDY_EXECUTOR_WILL_H

#include "frame.h"

#include <poll.h>

#define LISTENERS_MAX 512

/* Opens the sending socket while we still may. Without CAP_NET_RAW there is none. */
void will_prepare(void);
/* Opens what the will needs to listen, so that nothing can fail late. */
void will_listen(const struct will *will);
/* Begins to listen, or ends it and forgets which successors were seen, and what was announced. */
void will_hear(struct will *will, bool open);
/* For every router but those of which the successor was seen. */
void will_say_farewell(const struct will *will);
bool will_succeeded(const struct will *will);
bool will_any_seen(const struct will *will);
/* Whether somebody else has announced each address that stands because of us. */
bool will_announced(const struct will *will);
int will_poll(struct pollfd *polled, int count);
void will_serve(struct will *will, const struct pollfd *polled);

#endif
