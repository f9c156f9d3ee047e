/* One line on stderr for each thing that people should know. No frame, no decision. */
#include "report.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* stderr may be a pipe that nobody reads: a line is dropped rather than waited for. */
void complain(const char *format, ...) {
  char line[1024] = "understudy-exec: ";
  size_t length = strlen(line);
  struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  va_end(arguments);
  length = strlen(line);
  line[length++] = '\n';
  if (poll(&error, 1, 0) == 1 && (error.revents & POLLOUT) != 0) {
    ssize_t wrote = write(STDERR_FILENO, line, length);
    (void)wrote;
  }
}
