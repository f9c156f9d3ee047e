/* rtnetlink, links and addresses only, as flat records. No memory of what was told before. */
#ifndef UNDERSTUDY_NETLINK_H
#define UNDERSTUDY_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum network_record_kind {
  NETWORK_LINK = 1,
  NETWORK_LINK_REMOVED = 2,
  NETWORK_ADDRESS = 3,
  NETWORK_ADDRESS_REMOVED = 4,
};

struct network_record {
  int32_t kind;
  int32_t link_index;
  uint32_t flags; /* IFF_* of a link, IFA_F_* of an address */
  uint32_t mtu_or_lifetime; /* MTU of a link; seconds left to an address, 0 for ever */
  uint8_t family; /* of an address: 4 or 6 */
  uint8_t prefix_length;
  uint8_t carrier; /* IFLA_CARRIER */
  uint8_t hardware_length;
  uint8_t hardware[32];
  uint8_t address[16];
  char name[16]; /* ends with the first zero byte, if any */
  int32_t lower; /* IFLA_LINK: the interface that a macvlan or a VLAN stands on, or 0 */
  int32_t controller; /* IFLA_MASTER: the bridge, bond or VRF that the interface belongs to, or 0 */
};
_Static_assert(sizeof(struct network_record) == 92, "shared with network-records.ts");

struct netlink_reader {
  int fd;
  bool lost; /* notifications were dropped; told once by netlink_read */
  bool dumping; /* a dump was requested: it ends with NLMSG_DONE, not with an empty socket */
  bool done; /* the dump is complete */
  bool interrupted; /* the kernel's list changed during the dump: it may have gaps */
  size_t position;
  size_t length;
  _Alignas(8) uint8_t buffer[65536];
};

/* Subscribes to links and addresses of both families. 0, or -errno and in `call` what refused. */
int netlink_open_watch(struct netlink_reader *reader, int receive_buffer, const char **call);

/* Reads up to `capacity` records. 0 when the socket is empty or the dump complete; -ENOBUFS when
 * notifications were lost; -EINTR when a dump is complete but may have gaps; else -errno. */
int netlink_read(struct netlink_reader *reader, struct network_record *records, int capacity);

/* Takes all links, and behind them all addresses, as records that the caller frees. How many, or -errno: -EINTR when the
 * kernel's lists changed meanwhile. It waits for whoever holds the kernel's lock for network changes. */
int netlink_take(struct network_record **records);

/* Has the kernel carry out one message that asks for an acknowledgement. 0 or -errno, also of its refusal. */
int netlink_request(void *message, size_t length);

#endif
