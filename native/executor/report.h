/* What people are to read. The agent is told in frames, not here. */
#ifndef UNDERSTUDY_EXECUTOR_REPORT_H
#define UNDERSTUDY_EXECUTOR_REPORT_H

/* One line on stderr; never blocks. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
