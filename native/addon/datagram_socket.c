/* A UDP socket that names the source of each datagram. No protocol: a datagram is bytes. */
#include "datagram_socket.h"

#include <arpa/inet.h>
#include <errno.h>
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

static int open_socket(int family, uint16_t port) {
  static const uint8_t any[16];
  struct sockaddr_storage here;
  const int yes = 1;
  int result;
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;

  if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) < 0)
    goto cleanup;
  if (bind(fd, (struct sockaddr *)&here, put_address(&here, family, any, port)) < 0) goto cleanup;
  return fd;

cleanup:
  result = -errno;
  close(fd);
  return result;
}

static int send_datagram(int fd, int family, const struct datagram_addresses *addresses,
                         uint16_t port, size_t size) {
  static const uint8_t any[16];
  struct sockaddr_storage to;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } control;
  struct iovec vector = {(void *)(uintptr_t)(addresses + 1), size - sizeof *addresses};
  struct msghdr header = {.msg_name = &to, .msg_iov = &vector, .msg_iovlen = 1};
  header.msg_namelen = put_address(&to, family, addresses->destination, port);

  if (memcmp(addresses->source, any, sizeof any) != 0) {
    memset(&control, 0, sizeof control);
    header.msg_control = &control;
    if (family == AF_INET) {
      struct in_pktinfo info = {.ipi_ifindex = 0};
      memcpy(&info.ipi_spec_dst, addresses->source, 4);
      put_control(&header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
      struct in6_pktinfo info = {.ipi6_ifindex = 0};
      memcpy(&info.ipi6_addr, addresses->source, 16);
      put_control(&header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
  }
  return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int source_to(int family, struct datagram_addresses *addresses, size_t batch_size) {
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

int datagram_ask(enum datagram_question question, int fd, int family, uint16_t port,
                 struct datagram_addresses *addresses, size_t size) {
  if (question == DATAGRAM_OPEN) return open_socket(family, port);
  if (question == DATAGRAM_SOURCE) return source_to(family, addresses, size);
  return send_datagram(fd, family, addresses, port, size);
}
