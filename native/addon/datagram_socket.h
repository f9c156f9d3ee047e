/* A UDP socket that names the source of each datagram. No protocol: a datagram is bytes. */
#ifndef UNDERSTUDY_DATAGRAM_SOCKET_H
#define UNDERSTUDY_DATAGRAM_SOCKET_H

#include <stddef.h>
#include <stdint.h>

/* Where from and where to; an IPv4 address stands in the first four bytes. */
struct datagram_addresses {
  uint8_t source[16]; /* all zero: the kernel chooses */
  uint8_t destination[16];
};

enum datagram_question {
  /* A socket bound to the port on all addresses of the family and of no other. Nobody else may have the
   * port: each of two would get an arbitrary half. The file descriptor. */
  DATAGRAM_OPEN = 0,
  /* Sends to that port, at once or not at all; 0, or -EAGAIN when too much waits already. */
  DATAGRAM_SEND = 1,
  /* Which source the kernel would choose for the destination, through the interface whose name stands behind
   * the addresses, when one does; 0, or -ENETUNREACH, -ENODEV. Sends nothing. */
  DATAGRAM_SOURCE = 2,
};

/* `family` is AF_INET or AF_INET6; `size` counts the addresses and what stands behind them. What the
 * question says, or -errno. */
int datagram_ask(enum datagram_question question, int fd, int family, uint16_t port,
                 struct datagram_addresses *addresses, size_t size);

#endif
