/* One control message beside what is sent. Reading them is the reader's matter. */
#ifndef UNDERSTUDY_CONTROL_MESSAGE_H
#define UNDERSTUDY_CONTROL_MESSAGE_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* Makes this the only control message; msg_control points to zeroed room for it. */
static inline void put_control(struct msghdr *header, int level, int type, const void *value,
                               size_t length) {
  header->msg_controllen = CMSG_SPACE(length);
  struct cmsghdr *c = CMSG_FIRSTHDR(header);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(length);
  memcpy(CMSG_DATA(c), value, length);
}

#endif
