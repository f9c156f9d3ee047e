/* The executor's half of the lease: the agent's signs of life, and ours. No consequence is drawn. */
#ifndef UNDERSTUDY_EXECUTOR_LEASE_H
#define UNDERSTUDY_EXECUTOR_LEASE_H

#include <stdbool.h>
#include <stdint.h>

/* Maps the memory behind the descriptor. 0 or -errno. */
int lease_map(int fd);
/* Once a turn: says that we live, and looks whether the agent does. `late_ms`: for how long we were
 * kept from running; the agent is not blamed for that time. */
void lease_turn(int64_t late_ms);
/* When the next turn is due, so that the agent sees us live; NEVER without a lease. */
int64_t lease_due(void);
/* From when on the agent is silent, in ms; NEVER when the lease is not held. Also once revoked,
 * until the agent says that it knows. */
int64_t lease_silent_since(void);
/* The same, or since a later step of a wake-up that takes long: from when on it does nothing. */
int64_t lease_still_since(void);
/* True when the agent was silent to this very moment: from now on it knows when it wakes. */
bool lease_revoke(void);

#endif
