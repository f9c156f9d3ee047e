/* UDP sockets that name the source of each datagram, in batches. No protocol: a datagram is bytes. */
#include "datagram_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "control_message.h"

enum { DISCARD_PORT = 9 }; /* of no account: nothing is sent there */

static socklen_t put_address(struct sockaddr_storage *to, int family, const uint8_t *address,
                             uint16_t port) {
  memset(to, 0, sizeof *to);
  if (family == AF_INET) {
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    memcpy(&four->sin_addr, address, 4);
    return sizeof *four;
  }
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  memcpy(&six->sin6_addr, address, 16);
  return sizeof *six;
}

int datagram_socket_open(int family, uint16_t port, const char **call) {
  static const uint8_t any[16];
  struct sockaddr_storage here;
  const int yes = 1;
  int result;
  *call = "socket";
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;

  *call = "setsockopt(IPV6_V6ONLY)";
  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) < 0)
    goto cleanup;
  *call = "bind";
  if (bind(fd, (struct sockaddr *)&here, put_address(&here, family, any, port)) < 0) goto cleanup;
  return fd;

cleanup:
  result = -errno;
  close(fd);
  return result;
}

static void take_address(struct datagram_record *record, int family,
                         const struct sockaddr_storage *from) {
  memset(record->source, 0, sizeof record->source);
  if (family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)from;
    memcpy(record->source, &four->sin_addr, 4);
    record->port = ntohs(four->sin_port);
  } else {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;
    memcpy(record->source, &six->sin6_addr, 16);
    record->port = ntohs(six->sin6_port);
  }
}

int datagram_socket_receive(int fd, int family, int capacity, struct datagram_batch *batch) {
  struct mmsghdr messages[DATAGRAM_BATCH];
  struct iovec vectors[DATAGRAM_BATCH];
  struct sockaddr_storage sources[DATAGRAM_BATCH];

  for (int i = 0; i < capacity; i += 1) {
    vectors[i] = (struct iovec){batch->bytes[i], DATAGRAM_SIZE};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &sources[i],
                                          .msg_namelen = sizeof sources[i],
                                          .msg_iov = &vectors[i],
                                          .msg_iovlen = 1};
  }
  int count = recvmmsg(fd, messages, (unsigned int)capacity, MSG_DONTWAIT | MSG_TRUNC, NULL);
  if (count < 0) return errno == EAGAIN ? 0 : -errno;
  for (int i = 0; i < count; i += 1) {
    batch->records[i].length = messages[i].msg_len;
    take_address(&batch->records[i], family, &sources[i]);
  }
  return count;
}

/* Room for one control message. */
union control {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void name_source(struct msghdr *header, union control *control, int family,
                        const uint8_t *source) {
  static const uint8_t any[16];
  if (memcmp(source, any, sizeof any) == 0) return;
  memset(control, 0, sizeof *control);
  header->msg_control = control;
  if (family == AF_INET) {
    struct in_pktinfo info = {.ipi_ifindex = 0};
    memcpy(&info.ipi_spec_dst, source, 4);
    put_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_ifindex = 0};
    memcpy(&info.ipi6_addr, source, 16);
    put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

int datagram_socket_send(int fd, int family, uint8_t *batch, unsigned int count) {
  struct outgoing_record *records = (struct outgoing_record *)(void *)batch;
  struct mmsghdr messages[DATAGRAM_BATCH];
  struct iovec vectors[DATAGRAM_BATCH];
  struct sockaddr_storage destinations[DATAGRAM_BATCH];
  union control controls[DATAGRAM_BATCH];
  int failures = 0;

  for (unsigned int start = 0; start < count; start += DATAGRAM_BATCH) {
    const unsigned int size = count - start < DATAGRAM_BATCH ? count - start : DATAGRAM_BATCH;
    for (unsigned int i = 0; i < size; i += 1) {
      struct outgoing_record *record = &records[start + i];
      const uint16_t port = (uint16_t)record->link_index;
      record->error = 0;
      vectors[i] = (struct iovec){batch + record->offset, record->length};
      messages[i].msg_hdr = (struct msghdr){
          .msg_name = &destinations[i],
          .msg_namelen = put_address(&destinations[i], family, record->destination, port),
          .msg_iov = &vectors[i],
          .msg_iovlen = 1};
      name_source(&messages[i].msg_hdr, &controls[i], family, record->source);
    }
    failures += socket_send_all(fd, records + start, messages, size, INFINITY);
  }
  return failures;
}

int datagram_source_to(int family, struct datagram_addresses *addresses, size_t batch_size) {
  struct sockaddr_storage end;
  socklen_t size = sizeof end;
  const socklen_t name_length = (socklen_t)(batch_size - sizeof *addresses);
  int result = 0;
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;

  if (name_length > 0 &&
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, addresses + 1, name_length) < 0) {
    result = -errno;
    goto cleanup;
  }
  /* A UDP socket that is connected has the source that the routes give it. */
  socklen_t length = put_address(&end, family, addresses->destination, DISCARD_PORT);
  if (connect(fd, (struct sockaddr *)&end, length) < 0 ||
      getsockname(fd, (struct sockaddr *)&end, &size) < 0) {
    result = -errno;
    goto cleanup;
  }
  memset(addresses->source, 0, sizeof addresses->source);
  if (family == AF_INET)
    memcpy(addresses->source, &((struct sockaddr_in *)&end)->sin_addr, 4);
  else
    memcpy(addresses->source, &((struct sockaddr_in6 *)&end)->sin6_addr, 16);

cleanup:
  close(fd);
  return result;
}
