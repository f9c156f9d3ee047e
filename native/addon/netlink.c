/* rtnetlink, links and addresses only, as flat records. No memory of what was told before. */
#include "netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int open_socket(unsigned int groups, const char **call) {
  *call = "socket";
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return -errno;

  struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = groups};
  *call = "bind";
  if (bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int netlink_open_watch(struct netlink_reader *reader, int receive_buffer, const char **call) {
  int fd = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, call);
  if (fd < 0) return fd;
  /* Best effort: a buffer that is too small costs a dump, not a change. */
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer, sizeof receive_buffer);
  reader->fd = fd;
  return 0;
}

/* Requests all links, or else all addresses; netlink_read then hands them over. 0 or -errno. */
static int open_dump(struct netlink_reader *reader, bool links) {
  const char *call;
  struct {
    struct nlmsghdr header;
    union {
      struct ifinfomsg link;
      struct ifaddrmsg address;
    } body;
  } request;
  memset(&request, 0, sizeof request);
  request.header.nlmsg_type = links ? RTM_GETLINK : RTM_GETADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_len =
      (uint32_t)NLMSG_LENGTH(links ? sizeof request.body.link : sizeof request.body.address);

  int fd = open_socket(0, &call);
  if (fd < 0) return fd;
  if (send(fd, &request, request.header.nlmsg_len, MSG_NOSIGNAL) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  reader->fd = fd;
  reader->dumping = true;
  return 0;
}

/* 1 with data in the buffer, 0 when there is none, or -errno. */
static int fill_buffer(struct netlink_reader *reader) {
  for (;;) {
    struct sockaddr_nl sender = {0};
    struct iovec vector = {reader->buffer, sizeof reader->buffer};
    struct msghdr header = {.msg_name = &sender, .msg_namelen = sizeof sender};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    reader->position = reader->length = 0;

    ssize_t length = recvmsg(reader->fd, &header, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return reader->dumping ? -EAGAIN : 0;
    if (length < 0) return -errno;
    if (header.msg_flags & MSG_TRUNC) return -ENOBUFS;
    /* Any process may send to our port; only port 0 is the kernel. */
    if (sender.nl_pid != 0) continue;
    reader->length = (size_t)length;
    return 1;
  }
}

/* The attribute at `position` of a message, or NULL at its end; moves on to the next. */
static const struct rtattr *next_attribute(const struct nlmsghdr *message, size_t *position) {
  if (message->nlmsg_len < sizeof(struct rtattr) ||
      *position > message->nlmsg_len - sizeof(struct rtattr))
    return NULL;
  const struct rtattr *attribute =
      (const struct rtattr *)(const void *)((const uint8_t *)message + *position);
  if (attribute->rta_len < sizeof *attribute || attribute->rta_len > message->nlmsg_len - *position)
    return NULL;
  *position += RTA_ALIGN(attribute->rta_len);
  return attribute;
}

/* Copies at most `room` bytes of the attribute and tells how many. */
static size_t copy_attribute(const struct rtattr *attribute, void *to, size_t room) {
  size_t length = attribute->rta_len - sizeof *attribute;
  if (length > room) length = room;
  memcpy(to, (const uint8_t *)attribute + sizeof *attribute, length);
  return length;
}

static bool read_link(const struct nlmsghdr *message, struct network_record *record) {
  struct ifinfomsg body;
  size_t position = NLMSG_LENGTH(sizeof body);
  if (message->nlmsg_len < position) return false;
  memcpy(&body, (const uint8_t *)message + NLMSG_HDRLEN, sizeof body);
  /* A bridge tells of its ports in the same words: RTM_DELLINK with AF_BRIDGE is a port that left
   * the bridge, not an interface that is gone. */
  if (body.ifi_family != AF_UNSPEC) return false;

  record->kind = message->nlmsg_type == RTM_NEWLINK ? NETWORK_LINK : NETWORK_LINK_REMOVED;
  record->link_index = body.ifi_index;
  record->flags = body.ifi_flags;
  const struct rtattr *attribute;
  bool elsewhere = false;
  while ((attribute = next_attribute(message, &position)) != NULL) {
    switch (attribute->rta_type & NLA_TYPE_MASK) {
    case IFLA_IFNAME:
      copy_attribute(attribute, record->name, sizeof record->name);
      break;
    case IFLA_MTU:
      copy_attribute(attribute, &record->mtu_or_lifetime, sizeof record->mtu_or_lifetime);
      break;
    case IFLA_CARRIER:
      copy_attribute(attribute, &record->carrier, sizeof record->carrier);
      break;
    case IFLA_ADDRESS:
      record->hardware_length =
          (uint8_t)copy_attribute(attribute, record->hardware, sizeof record->hardware);
      break;
    case IFLA_LINK:
      copy_attribute(attribute, &record->lower, sizeof record->lower);
      break;
    case IFLA_LINK_NETNSID: /* the other end of a veth: its index says nothing here */
      elsewhere = true;
      break;
    case IFLA_MASTER:
      copy_attribute(attribute, &record->controller, sizeof record->controller);
      break;
    case IFLA_WIRELESS:
      return false; /* a scan result: it lacks carrier, MTU and address */
    default:
      break;
    }
  }
  if (elsewhere) record->lower = 0;
  return true;
}

static bool read_address(const struct nlmsghdr *message, struct network_record *record) {
  struct ifaddrmsg body;
  size_t position = NLMSG_LENGTH(sizeof body);
  if (message->nlmsg_len < position) return false;
  memcpy(&body, (const uint8_t *)message + NLMSG_HDRLEN, sizeof body);
  if (body.ifa_family != AF_INET && body.ifa_family != AF_INET6) return false;

  size_t size = body.ifa_family == AF_INET ? 4 : 16;
  bool local = false;
  bool found = false;
  record->kind = message->nlmsg_type == RTM_NEWADDR ? NETWORK_ADDRESS : NETWORK_ADDRESS_REMOVED;
  record->link_index = (int32_t)body.ifa_index;
  record->flags = body.ifa_flags;
  record->family = body.ifa_family == AF_INET ? 4 : 6;
  record->prefix_length = body.ifa_prefixlen;
  const struct rtattr *attribute;
  while ((attribute = next_attribute(message, &position)) != NULL) {
    switch (attribute->rta_type & NLA_TYPE_MASK) {
    case IFA_LOCAL:
      local = found = copy_attribute(attribute, record->address, size) == size;
      break;
    case IFA_ADDRESS: /* on a point-to-point link this is the other end */
      if (!local) found = copy_attribute(attribute, record->address, size) == size;
      break;
    case IFA_FLAGS:
      copy_attribute(attribute, &record->flags, sizeof record->flags);
      break;
    case IFA_CACHEINFO: {
      struct ifa_cacheinfo times;
      if (copy_attribute(attribute, &times, sizeof times) == sizeof times &&
          times.ifa_valid != UINT32_MAX)
        record->mtu_or_lifetime = times.ifa_valid == 0 ? 1 : times.ifa_valid;
      break;
    }
    default:
      break;
    }
  }
  return found;
}

/* 1 with a record, 0 when the message holds none, or -errno. */
static int read_message(struct netlink_reader *reader, const struct nlmsghdr *message,
                        struct network_record *record) {
  int error = 0;
  if (message->nlmsg_flags & NLM_F_DUMP_INTR) reader->interrupted = true;
  memset(record, 0, sizeof *record);
  switch (message->nlmsg_type) {
  case RTM_NEWLINK:
  case RTM_DELLINK:
    return read_link(message, record);
  case RTM_NEWADDR:
  case RTM_DELADDR:
    return read_address(message, record);
  case NLMSG_OVERRUN:
    return -ENOBUFS;
  case NLMSG_ERROR:
  case NLMSG_DONE: /* both begin with 0 or -errno */
    if (message->nlmsg_len >= NLMSG_LENGTH(sizeof error))
      memcpy(&error, (const uint8_t *)message + NLMSG_HDRLEN, sizeof error);
    reader->done = true;
    /* A positive value would be taken for a number of records. */
    return error > 0 ? -EBADMSG : error;
  default:
    return 0;
  }
}

int netlink_read(struct netlink_reader *reader, struct network_record *records, int capacity) {
  int count = 0;
  if (reader->lost) {
    reader->lost = false;
    reader->position = reader->length = 0;
    return -ENOBUFS;
  }
  while (count < capacity && !(reader->dumping && reader->done)) {
    if (reader->length - reader->position < sizeof(struct nlmsghdr)) {
      if (count > 0) return count; /* an error of the next receive would hide these */
      int filled = fill_buffer(reader);
      if (filled <= 0) return filled;
      continue;
    }
    const struct nlmsghdr *message =
        (const struct nlmsghdr *)(const void *)(reader->buffer + reader->position);
    if (message->nlmsg_len < sizeof *message ||
        message->nlmsg_len > reader->length - reader->position)
      return -EBADMSG;
    reader->position += NLMSG_ALIGN(message->nlmsg_len);
    if (reader->position > reader->length) reader->position = reader->length;
    int result = read_message(reader, message, &records[count]);
    if (result < 0) return result;
    count += result;
  }
  if (count == 0 && reader->interrupted) return -EINTR;
  return count;
}

enum { TAKEN_AT_ONCE = 64 };

/* All links, or else all addresses, behind the `count` records that are there. The new count, or -errno. */
static int take_list(struct netlink_reader *reader, bool links, struct network_record **records,
                     int count) {
  memset(reader, 0, offsetof(struct netlink_reader, buffer));
  int result = open_dump(reader, links);
  if (result < 0) return result;
  do {
    const size_t room = (size_t)count + TAKEN_AT_ONCE;
    struct network_record *more = realloc(*records, room * sizeof *more);
    result = more == NULL ? -ENOMEM : netlink_read(reader, more + count, TAKEN_AT_ONCE);
    if (more != NULL) *records = more;
    if (result > 0) count += result;
  } while (result > 0);
  close(reader->fd);
  return result < 0 ? result : count;
}

int netlink_take(struct network_record **records) {
  *records = NULL;
  struct netlink_reader *reader = malloc(sizeof *reader);
  if (reader == NULL) return -ENOMEM;
  int count = take_list(reader, true, records, 0);
  if (count >= 0) count = take_list(reader, false, records, count);
  free(reader);
  if (count >= 0) return count;
  free(*records);
  *records = NULL;
  return count;
}

/* The kernel has answered by the time that send returns. */
int netlink_request(void *message, size_t length) {
  const char *call;
  struct nlmsghdr header;
  if (length < sizeof header) return -EINVAL;
  memcpy(&header, message, sizeof header);
  if (header.nlmsg_len != length) return -EINVAL;
  int fd = open_socket(0, &call);
  if (fd < 0) return fd;
  _Alignas(8) uint8_t answer[4096];
  int result = -EPROTO;
  int error = 0;
  if (send(fd, message, length, MSG_NOSIGNAL) < 0) {
    result = -errno;
  } else {
    ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    memcpy(&header, answer, sizeof header);
    if (got < 0) {
      result = -errno;
    } else if (got >= (ssize_t)NLMSG_LENGTH(sizeof error) && header.nlmsg_type == NLMSG_ERROR) {
      memcpy(&error, answer + NLMSG_HDRLEN, sizeof error);
      result = error > 0 ? -EBADMSG : error;
    }
  }
  close(fd);
  return result;
}
