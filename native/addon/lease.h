/* The agent's half of the lease. What its words mean stands in lease_words.h. */
#ifndef UNDERSTUDY_LEASE_H
#define UNDERSTUDY_LEASE_H

enum lease_question {
  LEASE_OPEN = 0, /* a new one's descriptor */
  LEASE_RENEW = 1, /* 1, or 0: revoked, or not held; then it stays so until it is taken again */
  LEASE_TAKE = 2, /* 0 */
  LEASE_SILENCE = 3, /* microseconds since the executor's last turn; 0 before its first */
  LEASE_CLOSE = 4, /* 0 */
  LEASE_STEP = 5, /* 0: a wake-up that takes long gets on */
};

/* The answer of the lease behind `fd`; or -errno, EBADF when there is none. */
double lease_ask(int fd, enum lease_question question);

#endif
