/* UDP sockets that name the source of each datagram, in batches. No protocol: a datagram is bytes. */
#ifndef UNDERSTUDY_DATAGRAM_SOCKET_H
#define UNDERSTUDY_DATAGRAM_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "packet_socket.h"

enum {
  /* Room for one: more than the longest that anybody wants. Of a longer one the beginning is kept. */
  DATAGRAM_SIZE = 1216,
  DATAGRAM_BATCH = PACKET_BATCH,
};

/* One received datagram. An IPv4 address stands in the first four bytes, the rest is zero. */
struct datagram_record {
  uint32_t length; /* as it was sent, also where not all of it was kept */
  uint32_t port; /* that it came from */
  uint8_t source[16];
};
_Static_assert(sizeof(struct datagram_record) == 24, "shared with datagram-socket.ts");

struct datagram_batch {
  struct datagram_record records[DATAGRAM_BATCH];
  uint8_t bytes[DATAGRAM_BATCH][DATAGRAM_SIZE];
};

/* Where from and where to; an IPv4 address stands in the first four bytes. */
struct datagram_addresses {
  uint8_t source[16];
  uint8_t destination[16];
};

/* A socket bound to the port on all addresses of the family (AF_INET, AF_INET6) and of no other. Nobody else may
 * have the port: each of two would get an arbitrary half. The file descriptor, or -errno and in `call` what
 * refused. */
int datagram_socket_open(int family, uint16_t port, const char **call);

/* Receives up to `capacity` (at most DATAGRAM_BATCH). Fewer mean that the socket is empty now. The number of
 * datagrams, or -errno. */
int datagram_socket_receive(int fd, int family, int capacity, struct datagram_batch *batch);

/* Sends all records of the batch, each at once or not at all, to the port in its `link_index`; the kernel chooses
 * the source where it is all zero. The number of those that failed. */
int datagram_socket_send(int fd, int family, uint8_t *batch, unsigned int count);

/* Puts into `source` what the kernel would choose for `destination`, through the interface whose name stands
 * behind the addresses, when one does. 0, or -ENETUNREACH, -ENODEV. Sends nothing. */
int datagram_source_to(int family, struct datagram_addresses *addresses, size_t size);

#endif
