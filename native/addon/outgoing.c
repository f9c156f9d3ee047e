/* Sends a batch of messages, and looks at one that came from JavaScript. No addresses, no sockets of its own. */
#include "outgoing.h"

#include "deadline_timer.h"

#include <errno.h>
#include <sys/socket.h>

/* sendmmsg stops at the first failure and tells its cause only when called again from there. */
int socket_send_all(int fd, struct outgoing_record *records, struct mmsghdr *messages,
                    unsigned int count, double not_after) {
  int failures = 0;
  bool repeated = false;
  for (unsigned int i = 0; i < count;) {
    if (boot_microseconds() > not_after) {
      for (; i < count; i += 1, failures += 1) records[i].error = ETIMEDOUT;
      break;
    }
    int sent = sendmmsg(fd, messages + i, count - i, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      i += (unsigned int)sent;
      repeated = false;
    } else if (!repeated) {
      /* The error may be an older one, queued on the socket: it says nothing of this message. */
      repeated = true;
    } else {
      records[i].error = errno;
      failures += 1;
      i += 1;
      repeated = false;
    }
  }
  return failures;
}

bool outgoing_batch_is_sound(const uint8_t *batch, size_t size, unsigned int count) {
  const struct outgoing_record *records = (const struct outgoing_record *)(const void *)batch;
  if (count > size / sizeof *records) return false;
  for (unsigned int i = 0; i < count; i += 1)
    if (records[i].offset > size || records[i].length > size - records[i].offset) return false;
  return true;
}
