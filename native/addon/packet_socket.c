/* Raw sockets for IP protocol 112 and for whole Ethernet frames. No VRRP: a message is bytes. */
#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "control_message.h"
#include "deadline_timer.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_AUTOFLOWLABEL
#define IPV6_AUTOFLOWLABEL 70
#endif

enum {
  PROTOCOL_VRRP = 112,
  CLASS_SELECTOR_6 = 0xC0,
  PRIORITY_CONTROL = 6,
  BUFFER_SIZE = 4 * 1024 * 1024,
  SEND_BATCH = 32,
  /* Errors the kernel may have queued on the socket before a receive gets through. */
  PENDING_ERRORS = 8,
};

struct option {
  int level, name, value;
  const char *call;
  bool optional; /* a kernel without it still works */
};

#define OPTION(level, name, value)                                                                 \
  { level, name, value, "setsockopt(" #name ")", false }
#define OPTIONAL(level, name, value)                                                               \
  { level, name, value, "setsockopt(" #name ")", true }

/* The TTL on arrival needs no option in IPv4: a raw socket hands over the IP header. */
static const struct option ipv4_options[] = {
    OPTION(IPPROTO_IP, IP_MULTICAST_ALL, 0),
    OPTION(IPPROTO_IP, IP_MULTICAST_LOOP, 0),
    OPTION(IPPROTO_IP, IP_MULTICAST_TTL, 255),
    OPTION(IPPROTO_IP, IP_TTL, 255),
    OPTION(IPPROTO_IP, IP_TOS, CLASS_SELECTOR_6),
    OPTION(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT),
    OPTION(IPPROTO_IP, IP_PKTINFO, 1),
};

static const struct option ipv6_options[] = {
    OPTIONAL(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0), /* Linux 4.20 */
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0),
    OPTION(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255),
    OPTION(IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255),
    OPTION(IPPROTO_IPV6, IPV6_TCLASS, CLASS_SELECTOR_6),
    OPTION(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0),
    OPTION(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1),
    OPTION(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1),
};

/* After the options of the family: IP_TOS sets the priority of the socket to its own idea. */
static const struct option common_options[] = {
    OPTION(SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL),
    OPTION(SOL_SOCKET, SO_TIMESTAMPNS, 1),
    /* Room for what arrives while the event loop is late; FORCE needs CAP_NET_ADMIN. */
    OPTIONAL(SOL_SOCKET, SO_RCVBUF, BUFFER_SIZE),
    OPTIONAL(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_SIZE),
    OPTIONAL(SOL_SOCKET, SO_SNDBUF, BUFFER_SIZE),
    OPTIONAL(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_SIZE),
};

static int set_options(int fd, const struct option *options, size_t count, const char **call) {
  for (size_t i = 0; i < count; i += 1) {
    const struct option *option = &options[i];
    *call = option->call;
    if (setsockopt(fd, option->level, option->name, &option->value, sizeof option->value) < 0 &&
        !option->optional)
      return -errno;
  }
  return 0;
}

static int bind_to_link(int fd, int link_index, const char *link_name, const char **call) {
  *call = "setsockopt(SO_BINDTODEVICE)";
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link_name, (socklen_t)strlen(link_name)) < 0)
    return -errno;
  /* The name may have moved to another interface since the caller read it. */
  if (if_nametoindex(link_name) != (unsigned int)link_index) return -ENODEV;

  /* Until here the socket took packets of every interface; those are not ours. */
  uint8_t byte;
  for (int i = 0; i < 65536 && recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0; i += 1) continue;
  return 0;
}

static int join_group6(int fd, int link_index, const uint8_t *address, const char **call) {
  struct ipv6_mreq group = {.ipv6mr_interface = (unsigned int)link_index};
  memcpy(&group.ipv6mr_multiaddr, address, 16);
  *call = "setsockopt(IPV6_ADD_MEMBERSHIP)";
  return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
}

static int join_group(int fd, int family, int link_index, const char **call) {
  if (family == AF_INET) {
    struct ip_mreqn group = {.imr_ifindex = link_index};
    group.imr_multiaddr.s_addr = htonl(0xE0000012); /* 224.0.0.18 */
    *call = "setsockopt(IP_ADD_MEMBERSHIP)";
    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
  }
  static const uint8_t vrrp[16] = {0xff, 0x02, [15] = 0x12}; /* ff02::12 */
  return join_group6(fd, link_index, vrrp, call);
}

#define COUNT(array) (sizeof array / sizeof array[0])

int advertisement_socket_open(int family, int link_index, const char *link_name,
                              const char **call) {
  int result;
  *call = "socket";
  int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, PROTOCOL_VRRP);
  if (fd < 0) return -errno;

  if (family == AF_INET)
    result = set_options(fd, ipv4_options, COUNT(ipv4_options), call);
  else
    result = set_options(fd, ipv6_options, COUNT(ipv6_options), call);
  if (result < 0) goto cleanup;
  result = set_options(fd, common_options, COUNT(common_options), call);
  if (result < 0) goto cleanup;
  result = bind_to_link(fd, link_index, link_name, call);
  if (result < 0) goto cleanup;
  result = join_group(fd, family, link_index, call);
  if (result < 0) goto cleanup;
  return fd;

cleanup:
  close(fd);
  return result;
}

/* A socket of no port: it receives nothing, and is a member. */
int membership_open(void *wanted, size_t size) {
  int32_t link_index;
  const char *call;
  if (size < 32) return -EINVAL;
  memcpy(&link_index, wanted, sizeof link_index);
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  int result = 0;
  for (size_t at = 16; result == 0 && at + 16 <= size; at += 16)
    result = join_group6(fd, link_index, (const uint8_t *)wanted + at, &call);
  if (result == 0) return fd;
  close(fd);
  return result;
}

/* -ENODEV when the interface the socket is bound to was deleted. Nothing else tells: such a socket
 * simply never receives again. */
static int check_alive(int fd) {
  char name[IF_NAMESIZE];
  socklen_t size = sizeof name;
  return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) < 0 ? -errno : 0;
}

static double microseconds_of(const struct timespec *time) {
  return (double)time->tv_sec * 1e6 + (double)(time->tv_nsec / 1000);
}

/* What must be added to CLOCK_REALTIME now to get CLOCK_MONOTONIC. */
static double monotonic_offset(double now) {
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  return now - microseconds_of(&wall);
}

/* Copies the value of a control message; false when the message is too short to hold it, or would go on behind
 * what was received. */
static bool copy_control(const struct msghdr *header, const struct cmsghdr *message, void *value,
                         size_t need) {
  const uint8_t *end = (const uint8_t *)header->msg_control + header->msg_controllen;
  if (message->cmsg_len < CMSG_LEN(need) ||
      (size_t)(end - (const uint8_t *)message) < CMSG_LEN(need))
    return false;
  memcpy(value, CMSG_DATA(message), need);
  return true;
}

/* Fills what the control messages tell; `arrived_at` becomes wall time, or stays 0. Of messages that were cut off
 * (MSG_CTRUNC) nothing is taken: a packet of an unknown interface is nobody's. */
static void read_control(struct msghdr *header, struct packet_record *record) {
  if (header->msg_flags & MSG_CTRUNC) return;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec stamp;
      if (!copy_control(header, c, &stamp, sizeof stamp)) continue;
      record->arrived_at = microseconds_of(&stamp);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      if (!copy_control(header, c, &info, sizeof info)) continue;
      record->link_index = info.ipi_ifindex;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      if (!copy_control(header, c, &info, sizeof info)) continue;
      record->link_index = (int32_t)info.ipi6_ifindex;
      memcpy(record->destination, &info.ipi6_addr, 16);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT) {
      copy_control(header, c, &record->hop_limit, sizeof record->hop_limit);
    }
  }
}

/* IPv4 hands over the IP header, options included; the kernel has checked its length. */
static void strip_ipv4_header(const uint8_t *packet, struct packet_record *record) {
  if (record->length < sizeof(struct iphdr)) {
    record->length = 0;
    return;
  }
  uint32_t header = (packet[0] & 0x0fU) * 4;
  if (header < sizeof(struct iphdr)) {
    record->length = 0;
    return;
  }
  record->hop_limit = packet[8];
  memcpy(record->source, packet + 12, 4);
  memcpy(record->destination, packet + 16, 4);
  if (header > record->length) header = record->length;
  record->offset += header;
  record->length -= header;
}

union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct in6_pktinfo)) +
             CMSG_SPACE(sizeof(int))];
};

static int receive_batch(int fd, struct mmsghdr *messages, unsigned int capacity) {
  /* An error queued on the socket (ENETDOWN) is told once, in place of the packets. */
  for (int attempt = 0;; attempt += 1) {
    int count = recvmmsg(fd, messages, capacity, MSG_DONTWAIT, NULL);
    if (count >= 0) return count;
    if (errno == EAGAIN) return 0;
    if (attempt == PENDING_ERRORS) return -errno;
  }
}

int advertisement_socket_receive(int fd, int family, unsigned int capacity, double *drained_at,
                                 struct packet_record *records, uint8_t *bytes) {
  struct mmsghdr messages[PACKET_BATCH];
  struct iovec vectors[PACKET_BATCH];
  struct sockaddr_in6 sources[PACKET_BATCH];
  union control controls[PACKET_BATCH];

  memset(messages, 0, sizeof messages);
  memset(sources, 0, sizeof sources);
  for (unsigned int i = 0; i < capacity; i += 1) {
    vectors[i] = (struct iovec){bytes + (size_t)i * PACKET_SIZE, PACKET_SIZE};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &sources[i];
    messages[i].msg_hdr.msg_namelen = sizeof sources[i];
    messages[i].msg_hdr.msg_control = &controls[i];
    messages[i].msg_hdr.msg_controllen = sizeof controls[i];
  }

  double before = monotonic_microseconds();
  int count = receive_batch(fd, messages, capacity);
  if (count < 0) return count;
  if (count == 0) {
    *drained_at = before;
    return check_alive(fd);
  }

  double now = monotonic_microseconds();
  double offset = monotonic_offset(now);
  for (int i = 0; i < count; i += 1) {
    struct packet_record *record = &records[i];
    *record =
        (struct packet_record){.offset = (uint32_t)i * PACKET_SIZE, .length = messages[i].msg_len};
    read_control(&messages[i].msg_hdr, record);
    if (family == AF_INET)
      strip_ipv4_header(bytes + record->offset, record);
    else
      memcpy(record->source, &sources[i].sin6_addr, 16);

    /* A step of the wall clock since the packet arrived would move its arrival: it cannot lie in
     * the future, nor before the socket was last seen empty. */
    double arrived_at = record->arrived_at == 0 ? now : record->arrived_at + offset;
    if (arrived_at < *drained_at) arrived_at = *drained_at;
    record->arrived_at = arrived_at > now ? now : arrived_at;
  }
  if ((unsigned int)count < capacity) *drained_at = before;
  return count;
}

/* Where the kernel reads one message from. */
struct slot {
  struct sockaddr_storage destination;
  union control control;
  struct iovec vector;
};

struct sender {
  /* Of CLOCK_BOOTTIME, in microseconds. */
  double not_after;
  int fd;
  int family;
  int link_index;
  uint8_t *batch;
  void (*prepare)(const struct sender *, const struct outgoing_record *, struct slot *,
                  struct msghdr *);
};

/* The source is pinned: left alone, the kernel may take a virtual address, or in IPv4 an address of
 * another interface (both measured). */
static void prepare_ipv4(const struct sender *sender, const struct outgoing_record *record,
                         struct slot *slot, struct msghdr *header) {
  struct sockaddr_in *to = (struct sockaddr_in *)&slot->destination;
  to->sin_family = AF_INET;
  memcpy(&to->sin_addr, record->destination, 4);
  header->msg_namelen = sizeof *to;

  struct in_pktinfo info = {.ipi_ifindex = sender->link_index};
  memcpy(&info.ipi_spec_dst, record->source, 4);
  put_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void prepare_ipv6(const struct sender *sender, const struct outgoing_record *record,
                         struct slot *slot, struct msghdr *header) {
  struct sockaddr_in6 *to = (struct sockaddr_in6 *)&slot->destination;
  to->sin6_family = AF_INET6;
  memcpy(&to->sin6_addr, record->destination, 16);
  to->sin6_scope_id = (uint32_t)sender->link_index;
  header->msg_namelen = sizeof *to;

  struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)sender->link_index};
  memcpy(&info.ipi6_addr, record->source, 16);
  put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static void prepare_frame(const struct sender *sender, const struct outgoing_record *record,
                          struct slot *slot, struct msghdr *header) {
  const uint8_t *frame = sender->batch + record->offset;
  struct sockaddr_ll *to = (struct sockaddr_ll *)&slot->destination;
  to->sll_family = AF_PACKET;
  to->sll_ifindex = record->link_index;
  /* Destination, source, EtherType. A shorter frame is refused by the kernel (EINVAL). */
  if (record->length >= 14) memcpy(&to->sll_protocol, frame + 12, 2);
  header->msg_namelen = sizeof *to;
}

static int send_all(const struct sender *sender, unsigned int count) {
  struct outgoing_record *records = (struct outgoing_record *)(void *)sender->batch;
  struct mmsghdr messages[SEND_BATCH];
  struct slot slots[SEND_BATCH];
  int failures = 0;

  for (unsigned int start = 0; start < count; start += SEND_BATCH) {
    unsigned int size = count - start < SEND_BATCH ? count - start : SEND_BATCH;
    memset(messages, 0, sizeof messages);
    memset(slots, 0, sizeof slots);
    for (unsigned int i = 0; i < size; i += 1) {
      struct outgoing_record *record = &records[start + i];
      struct msghdr *header = &messages[i].msg_hdr;
      record->error = 0;
      slots[i].vector = (struct iovec){sender->batch + record->offset, record->length};
      header->msg_iov = &slots[i].vector;
      header->msg_iovlen = 1;
      header->msg_name = &slots[i].destination;
      header->msg_control = &slots[i].control;
      sender->prepare(sender, record, &slots[i], header);
    }
    failures += socket_send_all(sender->fd, records + start, messages, size, sender->not_after);
  }
  return failures;
}

int advertisement_socket_send(int fd, int family, int link_index, uint8_t *batch,
                              unsigned int count, double not_after) {
  struct sender sender = {.fd = fd, .family = family, .link_index = link_index, .batch = batch};
  sender.not_after = not_after;
  sender.prepare = family == AF_INET ? prepare_ipv4 : prepare_ipv6;
  int failures = send_all(&sender, count);
  if (failures == 0 || check_alive(fd) != -ENODEV) return failures;

  /* With the source pinned, a deleted interface answers ENETUNREACH, just as one that is down. */
  struct outgoing_record *records = (struct outgoing_record *)(void *)batch;
  for (unsigned int i = 0; i < count; i += 1)
    if (records[i].error != 0) records[i].error = ENODEV;
  return failures;
}

int announcer_open(const char **call) {
  *call = "socket";
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd < 0 ? -errno : fd;
}

int announcer_send(int fd, uint8_t *batch, unsigned int count, double not_after) {
  struct sender sender = {
      .not_after = not_after, .fd = fd, .batch = batch, .prepare = prepare_frame};
  return send_all(&sender, count);
}

bool socket_take_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  struct pollfd state = {.fd = fd};
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return poll(&state, 1, 0) == 0;
}
