/*
 * The addresses' lifetime in the kernel: renewed as long as somebody of ours lives, so that the
 * kernel itself removes what everybody left. Only what stands is renewed: a renewal of an address
 * that is gone would make it anew. And what the release program left is removed.
 *
 * A renewal is the kernel's own message (RTM_NEWADDR of a dump) sent back with another lifetime, so
 * that label, scope, metric and flags stay what they are. All that differs goes in few system calls.
 */
#include "renewal.h"
#include "clock.h"
#include "report.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOR_EVER UINT32_MAX
#define DUMP_SIZE (32u << 10)
#define BATCH_SIZE (16u << 10)
/* One dump of an appliance's addresses is a few messages; more is something else. */
#define DUMP_READS_MAX 4096
/* So late the kernel may remove an address whose lifetime is over. */
#define LATE_MS 600
/* As ifa_cacheinfo counts: hundredths of a second since the boot. */
#define YOUNG_CS 50

/* Two sockets: what is refused must not be mixed up with what is listed. */
static int lister = -1;
static int changer = -1;
static int64_t renewed_at = NEVER;
/* What the last renewal gave, in s. */
static uint32_t given_s;
/* CLOCK_BOOTTIME in ms. */
static int64_t hold_until = NEVER;
/* The lifetime was switched off while addresses stand: they become permanent. */
static bool ending;
static int complained;

static int open_socket(void) {
  int on = 1;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd >= 0) {
    /* Without the request in each refusal; best effort. */
    (void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  }
  return fd;
}

void renewal_prepare(void) {
  lister = open_socket();
  changer = open_socket();
}

/* --- when ------------------------------------------------------------------------------------- */

static int64_t third_ms(uint32_t lifetime_s) {
  return (int64_t)lifetime_s * 1000 / 3;
}

/*
 * The lifetime that a renewal gives now: the kernel counts whole seconds, and is late by up to LATE_MS; by the end
 * of what was lent the address must be gone though we and the agent stand still. 0: too late for one.
 */
static uint32_t lifetime_now(const struct will *will) {
  if (hold_until == NEVER) return will->lifetime_s;
  int64_t whole = (hold_until - boot_ms() - LATE_MS) / 1000;
  return whole < 1 ? 0 : whole < (int64_t)will->lifetime_s ? (uint32_t)whole : will->lifetime_s;
}

/* A sooner end shortens what was given; a later one comes with the next renewal. */
void renewal_hold_until(int64_t until) {
  if (until < hold_until) renewed_at = now_ms() - third_ms(given_s);
  hold_until = until;
}

/* The first renewal is due at once, since the addresses of the will may have stood for long already. */
void renewal_replace(const struct will *before, const struct will *after) {
  uint32_t former = before == NULL ? 0 : before->lifetime_s;
  if (after == NULL) {
    ending = false;
  } else if (after->lifetime_s == 0) {
    ending = ending || former != 0;
  } else if (after->lifetime_s != former) {
    ending = false;
    given_s = after->lifetime_s;
    renewed_at = now_ms() - third_ms(given_s);
  }
}

/*
 * A program of ours may be removing an address between our look and our renewal. It has the time of
 * one renewal: then an address that comes back for a moment is less bad than one that is lost.
 */
int64_t renewal_due(const struct will *will, bool busy) {
  if (will->lifetime_s == 0) return ending && !busy ? 0 : NEVER;
  if (lifetime_now(will) == 0) return NEVER;
  return renewed_at + third_ms(given_s) * (busy ? 2 : 1);
}

/* --- what ------------------------------------------------------------------------------------- */

static struct rtattr *find_attribute(struct nlmsghdr *message, unsigned short type) {
  uint8_t *at = (uint8_t *)message + NLMSG_LENGTH(sizeof(struct ifaddrmsg));
  const uint8_t *end = (uint8_t *)message + message->nlmsg_len;
  while ((size_t)(end - at) >= sizeof(struct rtattr)) {
    struct rtattr *attribute = (struct rtattr *)(void *)at;
    size_t length = attribute->rta_len;
    if (length < sizeof *attribute || length > (size_t)(end - at)) return NULL;
    if (attribute->rta_type == type) return attribute;
    length = RTA_ALIGN(length);
    at += length < (size_t)(end - at) ? length : (size_t)(end - at);
  }
  return NULL;
}

/* Whether the will names the address of this message. */
static bool is_willed(const struct will *will, struct nlmsghdr *message) {
  const struct ifaddrmsg *body = NLMSG_DATA(message);
  size_t length = body->ifa_family == AF_INET ? 4 : 16;
  struct rtattr *own = find_attribute(message, IFA_LOCAL);
  if (own == NULL) own = find_attribute(message, IFA_ADDRESS);
  if (own == NULL || RTA_PAYLOAD(own) != length ||
      (body->ifa_family != AF_INET && body->ifa_family != AF_INET6))
    return false;
  struct address address = {.link = body->ifa_index,
                            .family = body->ifa_family == AF_INET ? 4 : 6,
                            .prefix_length = body->ifa_prefixlen};
  memcpy(address.bytes, RTA_DATA(own), length);
  return bsearch(&address, will->addresses, will->address_count, sizeof address, address_compare) !=
         NULL;
}

/*
 * An IPv6 address that has just been put there, and has the whole lifetime. The kernel answers for it a little later, when
 * a thread has had its turn (addrconf_dad_work), and tells that it stands. A renewal before that would tell it too soon:
 * the agent would announce it, its predecessor would let go, and nobody would answer. The next renewal is soon enough.
 */
static bool is_young(const struct nlmsghdr *message, const struct ifa_cacheinfo *times,
                     uint32_t lifetime) {
  const struct ifaddrmsg *body = NLMSG_DATA(message);
  uint32_t age = (uint32_t)(now_ms() / 10) - times->cstamp;
  /* The stamp counts ticks, and may be a little ahead of the clock. */
  return body->ifa_family == AF_INET6 && times->tstamp == times->cstamp &&
         times->ifa_valid == lifetime && age + YOUNG_CS < 2 * YOUNG_CS;
}

/* Makes the renewal out of what the dump said; false when there is nothing to change. */
static bool renew(struct nlmsghdr *message, uint32_t lifetime) {
  struct rtattr *attribute = find_attribute(message, IFA_CACHEINFO);
  if (attribute == NULL || RTA_PAYLOAD(attribute) < sizeof(struct ifa_cacheinfo)) return false;
  struct ifa_cacheinfo *times = RTA_DATA(attribute);
  if (lifetime == FOR_EVER && times->ifa_valid == FOR_EVER) return false;
  if (is_young(message, times, lifetime)) return false;
  times->ifa_valid = lifetime;
  if (times->ifa_prefered != 0) /* a deprecated one stays so: it is no source of ours */
    times->ifa_prefered = lifetime;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_REPLACE;
  message->nlmsg_pid = 0;
  return true;
}

/* Makes the removal out of what the dump said. */
static bool removal(struct nlmsghdr *message) {
  message->nlmsg_type = RTM_DELADDR;
  message->nlmsg_flags = NLM_F_REQUEST;
  message->nlmsg_pid = 0;
  return true;
}

static void note(int error, const char *what) {
  if (error != complained && error != 0) {
    complain("%s: %s: the kernel removes the addresses when their lifetime ends; give the agent "
             "CAP_NET_ADMIN, or set vip.leaseSeconds to 0",
             what, strerror(error));
  }
  complained = error;
}

/* What the kernel refused; 0 when nothing. An address that went meanwhile is no refusal. */
static int refusals(void) {
  _Alignas(8) uint8_t answer[512];
  int error = 0;
  for (int reads = 0; reads < DUMP_READS_MAX; reads += 1) {
    ssize_t got = recv(changer, answer, sizeof answer, MSG_DONTWAIT);
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)answer;
    if (got < 0 && errno != ENOBUFS) return error;
    if (got >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) &&
        message->nlmsg_type == NLMSG_ERROR) {
      int refused = -((const struct nlmsgerr *)NLMSG_DATA(message))->error;
      /* A negative one is no errno: the kernel has said 0 or -errno. */
      refused = refused < 0 ? EBADMSG : refused;
      error = refused == 0 || refused == ENODEV || refused == EADDRNOTAVAIL ? error : refused;
    }
  }
  return error;
}

static int send_batch(const uint8_t *batch, size_t length) {
  if (length == 0) return 0;
  return send(changer, batch, length, MSG_NOSIGNAL) < 0 ? errno : refusals();
}

static int request_dump(uint32_t sequence) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg body;
  } request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
                          .nlmsg_type = RTM_GETADDR,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                          .nlmsg_seq = sequence}};
  return send(lister, &request, request.header.nlmsg_len, MSG_NOSIGNAL) < 0 ? errno : 0;
}

enum change { RENEW, REMOVE };

struct batch {
  enum change change;
  size_t length;
  size_t count;
  int error;
  bool done;
  uint32_t lifetime;
  _Alignas(8) uint8_t bytes[BATCH_SIZE];
};

static void take_message(const struct will *will, struct nlmsghdr *message, struct batch *batch) {
  size_t length = NLMSG_ALIGN(message->nlmsg_len);
  if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) batch->done = true;
  if (message->nlmsg_type != RTM_NEWADDR || length > BATCH_SIZE ||
      message->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifaddrmsg)) || !is_willed(will, message))
    return;
  if (!(batch->change == REMOVE ? removal(message) : renew(message, batch->lifetime))) return;
  batch->count += 1;
  if (batch->length + length > BATCH_SIZE) {
    int error = send_batch(batch->bytes, batch->length);
    batch->error = error != 0 ? error : batch->error;
    batch->length = 0;
  }
  memcpy(batch->bytes + batch->length, message, message->nlmsg_len);
  memset(batch->bytes + batch->length + message->nlmsg_len, 0, length - message->nlmsg_len);
  batch->length += length;
}

/* Answers to an earlier dump, one that was given up on, are passed over. */
static void take_messages(const struct will *will, uint8_t *dump, size_t got, uint32_t sequence,
                          struct batch *batch) {
  for (size_t at = 0; got - at >= sizeof(struct nlmsghdr);) {
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)(dump + at);
    size_t length = message->nlmsg_len;
    if (length < sizeof *message || length > got - at) return;
    if (message->nlmsg_seq == sequence) take_message(will, message, batch);
    length = NLMSG_ALIGN(length);
    at += length < got - at ? length : got - at;
  }
}

static int change_all(const struct will *will, enum change change, size_t *count) {
  static struct batch batch;
  static _Alignas(8) uint8_t dump[DUMP_SIZE];
  static uint32_t sequence;
  int error = request_dump(sequence += 1);
  batch.change = change;
  batch.length = 0;
  batch.count = 0;
  batch.error = 0;
  batch.done = error != 0;
  batch.lifetime = will->lifetime_s == 0 ? FOR_EVER : given_s;
  for (int reads = 0; !batch.done && reads < DUMP_READS_MAX; reads += 1) {
    ssize_t got = recv(lister, dump, sizeof dump, MSG_DONTWAIT);
    if (got < 0 && errno != EINTR) {
      error = errno;
      break;
    }
    if (got > 0) take_messages(will, dump, (size_t)got, sequence, &batch);
  }
  int last = send_batch(batch.bytes, batch.length);
  *count = batch.count;
  return error != 0 ? error : last != 0 ? last : batch.error;
}

void renewal_attend(const struct will *will, bool busy) {
  if (now_ms() < renewal_due(will, busy)) return;
  renewed_at = now_ms();
  given_s = lifetime_now(will);
  ending = false;
  if (will->address_count > 0) {
    size_t count = 0;
    int error = lister < 0 || changer < 0 ? EMFILE : change_all(will, RENEW, &count);
    note(error, "renewing the addresses");
  }
}

/*
 * The release program knows the interface by the name that it had when the will was set; we know it by
 * its index, and what still stands there goes.
 */
void renewal_remove(const struct will *will) {
  size_t count = 0;
  if (will->address_count == 0 || lister < 0 || changer < 0) return;
  int error = change_all(will, REMOVE, &count);
  if (count > 0) {
    complain("%zu addresses stood after the release program had ended (was the interface renamed?) "
             "and were removed%s%s",
             count, error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
  }
}

/* Best effort: an interface that is gone has nothing to be put back. */
void renewal_put_back(const struct will *will) {
  int error = 0;
  if (changer < 0) return;
  for (size_t i = 0; i < will->setting_count; i += 1) {
    int refused = send_batch(will->settings[i].at, will->settings[i].length);
    error = refused == 0 ? error : refused;
  }
  if (error != 0) complain("not every setting of an interface was put back: %s", strerror(error));
}
