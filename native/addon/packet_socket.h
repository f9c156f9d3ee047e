/* Raw sockets for IP protocol 112 and for whole Ethernet frames. No VRRP: a message is bytes. */
#ifndef UNDERSTUDY_PACKET_SOCKET_H
#define UNDERSTUDY_PACKET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outgoing.h"

enum {
  /* The longest VRRP message (4088 bytes, IPv6 with 255 addresses) and the longest IPv4 header. */
  PACKET_SIZE = 4096 + 60,
  PACKET_BATCH = 32,
  PACKET_BYTES = PACKET_BATCH * PACKET_SIZE,
};

/* One received packet. An IPv4 address stands in the first four bytes, the rest is zero. */
struct packet_record {
  double arrived_at; /* CLOCK_MONOTONIC, microseconds */
  int32_t link_index;
  int32_t hop_limit;
  uint32_t offset; /* of the message, from the start of `bytes` */
  uint32_t length;
  uint8_t source[16];
  uint8_t destination[16];
};
_Static_assert(sizeof(struct packet_record) == 56, "shared with advertisement-socket.ts");

/* AF_INET or AF_INET6; the file descriptor, or -errno and in `call` what refused. */
int advertisement_socket_open(int family, int link_index, const char *link_name, const char **call);

/* Receives up to `capacity` (at most PACKET_BATCH) packets of PACKET_SIZE bytes each into `bytes`.
 * `drained_at` is when the socket was last known to be empty, in and out. Fewer than `capacity`
 * means that it is empty now. The number of packets, or -errno: -ENODEV when the interface that the
 * socket is bound to was deleted. */
int advertisement_socket_receive(int fd, int family, unsigned int capacity, double *drained_at,
                                 struct packet_record *records, uint8_t *bytes);

/* Sends all of them, whatever becomes of the others; the number of those that failed. Their error is
 * ENODEV when the interface was deleted. */
int advertisement_socket_send(int fd, int family, int link_index, uint8_t *batch,
                              unsigned int count, double not_after);

/* `wanted`: the index of an interface in 16 bytes, then IPv6 groups that differ, 16 bytes each. The interface is a member
 * of them as long as the file descriptor is open; or -errno. */
int membership_open(void *wanted, size_t size);

/* AF_PACKET, protocol 0: it sends and never receives. The file descriptor, or -errno. */
int announcer_open(const char **call);
int announcer_send(int fd, uint8_t *batch, unsigned int count, double not_after);

/* Takes a queued error off any socket; false when it cannot be taken off. */
bool socket_take_error(int fd);

#endif
