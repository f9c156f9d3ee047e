/*
 * The network half of the last will: farewell frames out, the successors' advertisements and announcements in. No
 * process, no clock, no decision: the caller asks whether all successors were seen, and all addresses announced.
 *
 * A listener is a packet socket per (link, EtherType). It sees what arrives, never what this host
 * sends: a packet socket of one protocol is not shown outgoing frames. It is opened, and joined to
 * the group, when the will is set, so that it cannot fail late; until the agent is silent or dead its
 * filter drops everything, so that no advertisement from before lies in its buffer.
 */
#include "will.h"
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VRRP_PROTOCOL 112
#define VRRP_HEADER 8
#define VERSION_3_ADVERTISEMENT 0x31
#define IPV6_HEADER 40
#define ICMPV6_PROTOCOL 58
#define NEIGHBOR_ADVERTISEMENT 136
/* Of ARP for IPv4 on Ethernet: where sender and target address are. */
#define ARP_SENDER 14
#define ARP_TARGET 24
#define ARP_LENGTH 28
#define READS_MAX 256

struct listener {
  int fd;
  int slot;
  uint32_t link;
  uint16_t type; /* ETH_P_IP, ETH_P_IPV6 or ETH_P_ARP */
  bool wanted;
  bool open;
};

static struct listener listeners[LISTENERS_MAX];
static int listener_count;
static int sender = -1;
/* Hold the group memberships (RFC 9568 section 5.1): a snooping switch must go on delivering. */
static int members_v4 = -1;
static int members_v6 = -1;

void will_prepare(void) {
  sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  members_v4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  members_v6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* --- listeners -------------------------------------------------------------------------------- */

static uint16_t type_of(uint8_t family) {
  return family == 4 ? ETH_P_IP : ETH_P_IPV6;
}

/* Best effort: 224.0.0.18 is flooded by every switch anyway, and a full list (20) is no disaster. */
static void membership(const struct listener *listener, bool join) {
  struct group_req group = {.gr_interface = listener->link};
  struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&group.gr_group;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&group.gr_group;
  int option = join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
  if (listener->type == ETH_P_ARP) return; /* announcements are broadcast */
  if (listener->type == ETH_P_IP) {
    v4->sin_family = AF_INET;
    inet_pton(AF_INET, "224.0.0.18", &v4->sin_addr);
    (void)setsockopt(members_v4, IPPROTO_IP, option, &group, sizeof group);
  } else {
    v6->sin6_family = AF_INET6;
    inet_pton(AF_INET6, "ff02::12", &v6->sin6_addr);
    (void)setsockopt(members_v6, IPPROTO_IPV6, option, &group, sizeof group);
  }
}

static int attach(const struct listener *listener, struct sock_filter *code, size_t count) {
  struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
  return setsockopt(listener->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

#define PASS(open) BPF_STMT(BPF_RET | BPF_K, (open) ? 128u : 0u)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

/*
 * The packet begins at its IP header: protocol is byte 9 in IPv4, next header byte 6 in IPv6. Of ARP what announces:
 * sender and target address are one. Of ICMPv6 neighbor advertisements.
 */
static int attach_filter(const struct listener *listener, bool open) {
  struct sock_filter ipv4[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 0, 1),
      PASS(open),
      DROP,
  };
  struct sock_filter ipv6[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6_PROTOCOL, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_HEADER),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NEIGHBOR_ADVERTISEMENT, 0, 1),
      PASS(open),
      DROP,
  };
  struct sock_filter arp[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARP_SENDER),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARP_TARGET),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      PASS(open),
      DROP,
  };
  switch (listener->type) {
  case ETH_P_IP:
    return attach(listener, ipv4, sizeof ipv4 / sizeof ipv4[0]);
  case ETH_P_IPV6:
    return attach(listener, ipv6, sizeof ipv6 / sizeof ipv6[0]);
  default:
    return attach(listener, arp, sizeof arp / sizeof arp[0]);
  }
}

/* Shut first, then bound: between socket() and bind() nothing arrives, behind the filter neither. */
static int open_listener(struct listener *listener) {
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)listener->link};
  struct packet_mreq group = {
      .mr_ifindex = (int)listener->link, .mr_type = PACKET_MR_MULTICAST, .mr_alen = ETH_ALEN};
  static const uint8_t mac_v4[ETH_ALEN] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x12};
  static const uint8_t mac_v6[ETH_ALEN] = {0x33, 0x33, 0x00, 0x00, 0x00, 0x12};
  address.sll_protocol = htons(listener->type);
  memcpy(group.mr_address, listener->type == ETH_P_IP ? mac_v4 : mac_v6, ETH_ALEN);
  listener->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->fd < 0) return -errno;
  if (attach_filter(listener, false) != 0 ||
      bind(listener->fd, (struct sockaddr *)(void *)&address, sizeof address) != 0) {
    int error = -errno;
    close(listener->fd);
    return error;
  }
  if (listener->type != ETH_P_ARP)
    (void)setsockopt(listener->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group, sizeof group);
  membership(listener, true);
  return 0;
}

static struct listener *listener_for(uint32_t link, uint16_t type) {
  for (int i = 0; i < listener_count; i += 1)
    if (listeners[i].link == link && listeners[i].type == type) return &listeners[i];
  return NULL;
}

static void close_unwanted(void) {
  int count = 0;
  for (int i = 0; i < listener_count; i += 1) {
    if (listeners[i].wanted) {
      listeners[count++] = listeners[i];
    } else {
      membership(&listeners[i], false);
      close(listeners[i].fd);
    }
  }
  listener_count = count;
}

/* One that is there already stays. 0 or -errno. */
static int want(uint32_t link, uint16_t type) {
  struct listener *listener = listener_for(link, type);
  if (listener == NULL && listener_count < LISTENERS_MAX) {
    listener = &listeners[listener_count];
    *listener = (struct listener){.link = link, .type = type};
    int error = open_listener(listener);
    if (error != 0) return error;
    listener_count += 1;
  }
  if (listener != NULL) listener->wanted = true;
  return 0;
}

/*
 * A will is replaced often and changes little: listeners that are still needed stay. A successor
 * without a listener (no CAP_NET_RAW, link gone) is one that is never seen: its addresses stay
 * until the will's time is over, which is safe.
 */
void will_listen(const struct will *will) {
  int failed = 0;
  for (int i = 0; i < listener_count; i += 1) listeners[i].wanted = false;
  for (size_t i = 0; will != NULL && i < will->successor_count; i += 1) {
    const struct successor *successor = &will->successors[i];
    int error = want(successor->link, type_of(successor->family));
    if (error == 0 && successor->family == 4) error = want(successor->link, ETH_P_ARP);
    if (error != 0) failed = error;
  }
  close_unwanted();
  if (failed != 0) {
    complain("cannot listen for every successor (%s): addresses are kept to the end of the "
             "will's time; give the agent CAP_NET_RAW and existing links",
             strerror(-failed));
  }
}

/* --- farewell --------------------------------------------------------------------------------- */

/* The VRID of a farewell frame: byte 1 of the VRRP message behind Ethernet and IP header. */
static bool succeeds(const struct successor *successor, const struct farewell *farewell) {
  const struct bytes frame = farewell->frame;
  size_t vrid = ETH_HLEN + (successor->family == 4 ? 20 : IPV6_HEADER) + 1;
  uint16_t type = htons(type_of(successor->family));
  return successor->link == farewell->link && frame.length > vrid &&
         memcmp(frame.at + 12, &type, sizeof type) == 0 && frame.at[vrid] == successor->vrid;
}

static bool taken_over(const struct will *will, const struct farewell *farewell) {
  for (size_t i = 0; i < will->successor_count; i += 1)
    if (will->successors[i].seen && succeeds(&will->successors[i], farewell)) return true;
  return false;
}

void will_say_farewell(const struct will *will) {
  int failed = sender < 0 && will->farewell_count > 0 ? EPERM : 0;
  for (size_t i = 0; sender >= 0 && i < will->farewell_count; i += 1) {
    const struct farewell *farewell = &will->farewell[i];
    if (taken_over(will, farewell)) continue;
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};
    address.sll_ifindex = (int)farewell->link;
    if (sendto(sender, farewell->frame.at, farewell->frame.length, MSG_DONTWAIT,
               (struct sockaddr *)(void *)&address, sizeof address) < 0)
      failed = errno;
  }
  if (failed != 0) complain("not every farewell advertisement was sent: %s", strerror(failed));
}

/* --- ears ------------------------------------------------------------------------------------- */

/* What lies in the buffer since an earlier time of listening is no news. */
static void drain(const struct listener *listener) {
  uint8_t packet[1];
  for (int reads = 0; reads < READS_MAX; reads += 1)
    if (recv(listener->fd, packet, sizeof packet, MSG_DONTWAIT) < 0) return;
}

void will_hear(struct will *will, bool open) {
  for (int i = 0; i < listener_count; i += 1) {
    struct listener *listener = &listeners[i];
    if (listener->open == open) continue;
    if (open) drain(listener);
    if (attach_filter(listener, open) != 0) {
      complain("cannot %s the filter of link %u: %s", open ? "open" : "shut", listener->link,
               strerror(errno));
    }
    listener->open = open;
  }
  if (open) return;
  for (size_t i = 0; i < will->successor_count; i += 1) will->successors[i].seen = false;
  for (size_t i = 0; i < will->address_count; i += 1) will->announced[i] = false;
}

/* --- successors ------------------------------------------------------------------------------- */

/*
 * What we ourselves sent and a loop in the network brought back is no successor: its IP source is
 * that of a farewell frame of this link (source at byte 12 of IPv4, 8 of IPv6).
 */
static bool is_ours(const struct will *will, const struct listener *listener,
                    const uint8_t *packet) {
  size_t offset = listener->type == ETH_P_IP ? 12 : 8;
  size_t length = listener->type == ETH_P_IP ? 4 : 16;
  uint16_t type = htons(listener->type);
  for (size_t i = 0; i < will->farewell_count; i += 1) {
    struct bytes frame = will->farewell[i].frame;
    if (will->farewell[i].link == listener->link && frame.length >= ETH_HLEN + offset + length &&
        memcmp(frame.at + 12, &type, sizeof type) == 0 &&
        memcmp(frame.at + ETH_HLEN + offset, packet + offset, length) == 0)
      return true;
  }
  return false;
}

/*
 * The VRRP message in a packet with TTL or hop limit 255 (RFC 9568 section 7.1), or NULL. A
 * fragment that is not the first has no VRRP header.
 */
static const uint8_t *vrrp_message(uint16_t type, const uint8_t *packet, size_t length) {
  if (type == ETH_P_IPV6) {
    bool whole = length >= IPV6_HEADER + VRRP_HEADER;
    return whole && packet[6] == VRRP_PROTOCOL && packet[7] == 255 ? packet + IPV6_HEADER : NULL;
  }
  size_t header = length > 0 ? (size_t)(packet[0] & 0x0f) * 4 : 0;
  if (header < 20 || length < header + VRRP_HEADER || packet[8] != 255 ||
      packet[9] != VRRP_PROTOCOL || (packet[6] & 0x1f) != 0 || packet[7] != 0)
    return NULL;
  return packet + header;
}

static void notice_advertisement(struct will *will, const struct listener *listener,
                                 const uint8_t *packet, size_t length) {
  const uint8_t *message = vrrp_message(listener->type, packet, length);
  if (message == NULL || message[0] != VERSION_3_ADVERTISEMENT || message[2] == 0 ||
      is_ours(will, listener, packet))
    return;
  for (size_t i = 0; i < will->successor_count; i += 1) {
    struct successor *successor = &will->successors[i];
    if (successor->link == listener->link && type_of(successor->family) == listener->type &&
        successor->vrid == message[1])
      successor->seen = true;
  }
}

/* --- announcements ---------------------------------------------------------------------------- */

/* The address of a gratuitous ARP or a neighbor advertisement, or NULL. */
static const uint8_t *announced_address(uint16_t type, const uint8_t *packet, size_t length) {
  if (type == ETH_P_ARP) {
    bool gratuitous =
        length >= ARP_LENGTH && memcmp(packet + ARP_SENDER, packet + ARP_TARGET, 4) == 0;
    return gratuitous ? packet + ARP_SENDER : NULL;
  }
  bool whole = type == ETH_P_IPV6 && length >= IPV6_HEADER + 24;
  return whole && packet[6] == ICMPV6_PROTOCOL && packet[7] == 255 &&
                 packet[IPV6_HEADER] == NEIGHBOR_ADVERTISEMENT
             ? packet + IPV6_HEADER + 8
             : NULL;
}

static void notice_announcement(struct will *will, const struct listener *listener,
                                const uint8_t *packet, size_t length) {
  const uint8_t *address = announced_address(listener->type, packet, length);
  uint8_t family = listener->type == ETH_P_ARP ? 4 : 6;
  for (size_t i = 0; address != NULL && i < will->address_count; i += 1) {
    const struct address *ours = &will->addresses[i];
    if (ours->family == family && memcmp(ours->bytes, address, family == 4 ? 4 : 16) == 0)
      will->announced[i] = true;
  }
}

bool will_announced(const struct will *will) {
  for (size_t i = 0; i < will->address_count; i += 1)
    if (!will->announced[i]) return false;
  return will->address_count > 0;
}

static void notice(struct will *will, const struct listener *listener, const uint8_t *packet,
                   size_t length) {
  if (listener->type != ETH_P_ARP) notice_advertisement(will, listener, packet, length);
  if (listener->type != ETH_P_IP) notice_announcement(will, listener, packet, length);
}

bool will_succeeded(const struct will *will) {
  for (size_t i = 0; i < will->successor_count; i += 1)
    if (!will->successors[i].seen) return false;
  return true;
}

bool will_any_seen(const struct will *will) {
  for (size_t i = 0; i < will->successor_count; i += 1)
    if (will->successors[i].seen) return true;
  return false;
}

int will_poll(struct pollfd *polled, int count) {
  for (int i = 0; i < listener_count; i += 1) {
    listeners[i].slot = count;
    polled[count++] = (struct pollfd){.fd = listeners[i].fd, .events = POLLIN};
  }
  return count;
}

/* A pending error (link down) is read like a packet: it is reported once and then gone. */
void will_serve(struct will *will, const struct pollfd *polled) {
  uint8_t packet[128];
  for (int i = 0; i < listener_count; i += 1) {
    if (polled[listeners[i].slot].revents == 0) continue;
    for (int reads = 0; reads < READS_MAX; reads += 1) {
      struct sockaddr_ll from = {0};
      socklen_t size = sizeof from;
      ssize_t got = recvfrom(listeners[i].fd, packet, sizeof packet, MSG_DONTWAIT,
                             (struct sockaddr *)(void *)&from, &size);
      if (got < 0 && errno == EAGAIN) break;
      if (got > 0 && from.sll_pkttype != PACKET_OTHERHOST && from.sll_pkttype != PACKET_OUTGOING)
        notice(will, &listeners[i], packet, (size_t)got);
    }
  }
}
