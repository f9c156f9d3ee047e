/* The monotonic clock and a one-shot timer on it. No callbacks, no event loop. */
#include "deadline_timer.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

double monotonic_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)(now.tv_nsec / 1000);
}

double boot_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (double)now.tv_sec * 1e6 + (double)(now.tv_nsec / 1000);
}

/* We may be kept from running between two looks: the look that took the least time counts. */
double suspended_microseconds(void) {
  double ahead = 0;
  double least = HUGE_VAL;
  for (int look = 0; look < 3 && least > 50; look += 1) {
    double before = monotonic_microseconds();
    double boot = boot_microseconds();
    double took = monotonic_microseconds() - before;
    if (took >= least) continue;
    least = took;
    ahead = boot - before;
  }
  return ahead;
}

int deadline_timer_open(const char **call) {
  *call = "timerfd_create";
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int deadline_timer_arm(int fd, double at_microseconds) {
  struct itimerspec when = {0};
  if (at_microseconds >= 0) {
    /* Rounded up: whoever reads the clock when the timer fires must not find the deadline ahead. */
    double whole = ceil(at_microseconds);
    double seconds = floor(whole / 1e6);
    when.it_value.tv_sec = (time_t)seconds;
    when.it_value.tv_nsec = (long)(whole - seconds * 1e6) * 1000;
    /* All zero would disarm. */
    if (when.it_value.tv_sec == 0 && when.it_value.tv_nsec == 0) when.it_value.tv_nsec = 1;
  }
  return timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL) < 0 ? -errno : 0;
}

int deadline_timer_consume(int fd) {
  uint64_t expiries;
  if (read(fd, &expiries, sizeof expiries) == (ssize_t)sizeof expiries) return 1;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}
