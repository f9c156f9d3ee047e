/*
 * The memory that agent and executor share: two words, each written by one side, and no lock.
 * Renewing the lease costs no system call; whoever looks at it sees the last word, never half of one.
 */
#ifndef UNDERSTUDY_LEASE_H
#define UNDERSTUDY_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>
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

enum lease_question {
  LEASE_OPEN = 0, /* a new one's descriptor */
  LEASE_RENEW = 1, /* 1, or 0: revoked, or not held; then it stays so until it is taken again */
  LEASE_TAKE = 2, /* 0 */
  LEASE_SILENCE = 3, /* microseconds since the executor's last turn; 0 before its first */
  LEASE_CLOSE = 4, /* 0 */
};

/* The answer of the lease behind `fd`; or -errno, EBADF when there is none. */
double lease_ask(int fd, enum lease_question question);

#endif
