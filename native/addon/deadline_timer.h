/* The monotonic clock and a one-shot timer on it. No callbacks, no event loop. */
#ifndef UNDERSTUDY_DEADLINE_TIMER_H
#define UNDERSTUDY_DEADLINE_TIMER_H

/* CLOCK_MONOTONIC in whole microseconds. */
double monotonic_microseconds(void);
/* CLOCK_BOOTTIME in whole microseconds. */
double boot_microseconds(void);
/* How far CLOCK_BOOTTIME, which goes on while the machine is suspended, is ahead of CLOCK_MONOTONIC. */
double suspended_microseconds(void);

/* A timerfd, CLOEXEC and NONBLOCK; or -errno. */
int deadline_timer_open(const char **call);

/* Arms the timer for an instant of CLOCK_MONOTONIC; one that has passed fires at once. A negative
 * instant disarms. Forgets an expiry that was not consumed. 0 or -errno. */
int deadline_timer_arm(int fd, double at_microseconds);

/* 1 when the timer has expired since it was armed, 0 when not (it was armed anew), or -errno. */
int deadline_timer_consume(int fd);

#endif
