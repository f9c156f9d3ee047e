/* The clocks. No timers: whoever waits keeps its own deadline. */
#ifndef UNDERSTUDY_EXECUTOR_CLOCK_H
#define UNDERSTUDY_EXECUTOR_CLOCK_H

#include <stdint.h>

/* Of a deadline that never comes. */
#define NEVER INT64_MAX

/* CLOCK_MONOTONIC in milliseconds, and in microseconds. */
int64_t now_ms(void);
uint64_t now_us(void);
/* CLOCK_BOOTTIME in milliseconds: it goes on while the machine is suspended. */
int64_t boot_ms(void);

#endif
