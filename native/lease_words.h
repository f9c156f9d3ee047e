/*
 * The memory that agent and executor share: three words, each written by one side, and no lock.
 * Renewing the lease costs no system call; whoever looks at it sees the last word, never half of one.
 */
#ifndef UNDERSTUDY_LEASE_WORDS_H
#define UNDERSTUDY_LEASE_WORDS_H

#include <stdatomic.h>
#include <stdint.h>

struct lease {
  /* CLOCK_MONOTONIC in microseconds of the agent's last sign of life, or one of the two below. The
   * agent stores it; only LEASE_REVOKED is the executor's, and only in place of a time. */
  _Atomic uint64_t renewed;
  /* The same of the executor's last turn. */
  _Atomic uint64_t beaten;
  /* The same of the last step of a wake-up that takes long. The agent stores it, and is not idle; it is no sign of
   * life, since what is due waits for the end of the wake-up. */
  _Atomic uint64_t stepped;
};

/* An agent of a release before the third word has a memory without it. */
#define LEASE_WITHOUT_STEPS 16u

#define LEASE_NOT_HELD 0u
#define LEASE_REVOKED UINT64_MAX

_Static_assert(sizeof(struct lease) == 24, "both sides map the same layout");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be one that a stopped process holds");

#endif
