/*
 * The memory that agent and executor share: two words, each written by one side, and no lock.
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
};

#define LEASE_NOT_HELD 0u
#define LEASE_REVOKED UINT64_MAX

_Static_assert(sizeof(struct lease) == 16, "both sides map the same layout");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be one that a stopped process holds");

#endif
