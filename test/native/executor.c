/* What the executor makes of bytes that are not what they should be: requests and wills of the agent, packets of the
 * link, answers and dumps of the kernel. */
#include "../../native/executor/frame.c"
#include "../../native/executor/renewal.c"
#include "../../native/executor/will.c"

#include "expect.h"

/* Of the other units, which are not called here. */
static int64_t clock_ms;
int64_t now_ms(void) {
  return clock_ms;
}
int64_t boot_ms(void) {
  return 0;
}
void complain(const char *format, ...) {
  (void)format;
}

static struct bytes exact_bytes(const uint8_t *bytes, size_t length) {
  return (struct bytes){exactly(bytes, length), length};
}

static void payloads(void) {
  uint8_t bytes[160];
  for (int round = 0; round < 3000; round += 1) {
    size_t length = draw(sizeof bytes + 1);
    for (size_t i = 0; i < length; i += 1) bytes[i] = (uint8_t)(draw(3) == 0 ? draw(256) : draw(3));
    struct bytes payload = exact_bytes(bytes, length);
    struct request request;
    if (request_parse(payload, &request) == 0) request_free(&request);
    struct will *will = NULL;
    if (will_parse(payload, &will) == 0) will_free(will);
    struct buffer buffer = {
        .bytes = (uint8_t *)(uintptr_t)payload.at, .end = length, .capacity = length};
    struct frame frame;
    if (frame_next(&buffer, &frame) == 1) EXPECT(frame.payload.length + HEADER_LENGTH <= length);
    free((void *)(uintptr_t)payload.at);
  }
}

static void packets(void) {
  struct farewell farewell = {.link = 3};
  struct successor successor = {.link = 3, .family = 4, .vrid = 51};
  struct address address = {.link = 3};
  bool announced = false;
  struct will will = {.farewell = &farewell,
                      .farewell_count = 1,
                      .successors = &successor,
                      .successor_count = 1,
                      .addresses = &address,
                      .announced = &announced,
                      .address_count = 1};
  uint8_t bytes[128];
  for (int round = 0; round < 20000; round += 1) {
    size_t length = draw(sizeof bytes + 1);
    for (size_t i = 0; i < length; i += 1) bytes[i] = (uint8_t)draw(256);
    static const uint16_t types[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_ARP};
    struct listener listener = {.type = types[draw(3)], .link = 3};
    if (length > 9) {
      bytes[0] = (uint8_t)(0x40 | draw(16));
      bytes[6] = listener.type != ETH_P_IPV6 ? 0 : draw(2) == 0 ? 112 : 58;
      bytes[7] = listener.type == ETH_P_IPV6 ? 255 : 0;
      bytes[8] = 255;
      bytes[9] = 112;
    }
    farewell.frame = exact_bytes(bytes, draw((uint32_t)length + 1));
    struct bytes packet = exact_bytes(bytes, length);
    if (length > 40 && listener.type == ETH_P_IPV6) bytes[40] = 136;
    successor.family = listener.type == ETH_P_IPV6 ? 6 : 4;
    address.family = successor.family;
    notice(&will, &listener, packet.at, packet.length);
    (void)taken_over(&will, &farewell);
    free((void *)(uintptr_t)packet.at);
    free((void *)(uintptr_t)farewell.frame.at);
  }
}

static void dumps(void) {
  static struct batch batch;
  struct address addresses[1] = {
      {.link = 7, .family = 4, .prefix_length = 24, .bytes = {10, 99, 0, 1}}};
  struct will will = {.addresses = addresses, .address_count = 1, .lifetime_s = 3};
  _Alignas(8) uint8_t bytes[256];
  for (int round = 0; round < 20000; round += 1) {
    size_t length = draw(sizeof bytes + 1);
    for (size_t i = 0; i < length; i += 1)
      bytes[i] = (uint8_t)(draw(4) == 0 ? draw(256) : draw(20));
    for (size_t at = 0; at + 48 <= length; at += 16 + 4 * (size_t)draw(24)) {
      struct nlmsghdr header = {.nlmsg_len = draw(8) == 0 ? draw(300) : 16 + draw(90),
                                .nlmsg_type = draw(6) == 0 ? NLMSG_DONE : RTM_NEWADDR};
      struct ifaddrmsg body = {
          .ifa_family = draw(2) == 0 ? AF_INET : AF_INET6, .ifa_prefixlen = 24, .ifa_index = 7};
      struct rtattr own = {.rta_len = draw(4) == 0 ? (uint16_t)draw(70000) : RTA_LENGTH(4),
                           .rta_type = IFA_LOCAL};
      memcpy(bytes + at, &header, sizeof header);
      memcpy(bytes + at + 16, &body, sizeof body);
      memcpy(bytes + at + 24, &own, sizeof own);
      memcpy(bytes + at + 28, addresses[0].bytes, 4);
    }
    uint8_t *dump = exactly(bytes, length);
    batch.length = 0;
    take_messages(&will, dump, length, 0, &batch);
    EXPECT(batch.length <= BATCH_SIZE);
    free(dump);
  }
}

static size_t append(uint8_t *at, uint16_t type, const void *value, uint16_t length) {
  const struct rtattr head = {.rta_len = (uint16_t)RTA_LENGTH(length), .rta_type = type};
  memcpy(at, &head, sizeof head);
  memcpy(at + RTA_LENGTH(0), value, length);
  return RTA_SPACE(length);
}

/* As the kernel lists an address. Whether it is renewed to 3 s, 10 s after the boot. */
static bool is_renewed(uint8_t family, struct ifa_cacheinfo times) {
  static struct batch batch;
  struct address addresses[1] = {
      {.link = 7, .family = family == AF_INET ? 4 : 6, .prefix_length = 64, .bytes = {0x20, 1}}};
  struct will will = {.addresses = addresses, .address_count = 1, .lifetime_s = 3};
  const struct ifaddrmsg body = {.ifa_family = family, .ifa_prefixlen = 64, .ifa_index = 7};
  _Alignas(8) uint8_t entry[128];
  size_t length = NLMSG_LENGTH(sizeof body);
  memcpy(NLMSG_DATA(entry), &body, sizeof body);
  length += append(entry + length, IFA_ADDRESS, addresses->bytes, family == AF_INET ? 4 : 16);
  length += append(entry + length, IFA_CACHEINFO, &times, sizeof times);
  const struct nlmsghdr header = {.nlmsg_len = (uint32_t)length, .nlmsg_type = RTM_NEWADDR};
  memcpy(entry, &header, sizeof header);
  clock_ms = 10000;
  batch.change = RENEW;
  batch.lifetime = 3;
  batch.count = batch.length = 0;
  take_messages(&will, entry, length, 0, &batch);
  clock_ms = 0;
  return batch.count == 1;
}

static void what_has_just_come_is_left(void) {
  const struct {
    uint8_t family;
    bool renewed;
    struct ifa_cacheinfo times;
  } rows[] = {
      /* As it was put there, by a clock that is a little ahead, too. */
      {AF_INET6, false, {.ifa_valid = 3, .cstamp = 1000, .tstamp = 1000}},
      {AF_INET6, false, {.ifa_valid = 3, .cstamp = 960, .tstamp = 960}},
      {AF_INET6, false, {.ifa_valid = 3, .cstamp = 1020, .tstamp = 1020}},
      /* Older; renewed before; with less than all of its lifetime, or with more. */
      {AF_INET6, true, {.ifa_valid = 3, .cstamp = 940, .tstamp = 940}},
      {AF_INET6, true, {.ifa_valid = 3, .cstamp = 990, .tstamp = 1000}},
      {AF_INET6, true, {.ifa_valid = 2, .cstamp = 1000, .tstamp = 1000}},
      {AF_INET6, true, {.ifa_valid = 60, .cstamp = 1000, .tstamp = 1000}},
      /* The kernel answers for it at once. */
      {AF_INET, true, {.ifa_valid = 3, .cstamp = 1000, .tstamp = 1000}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i += 1)
    EXPECT(is_renewed(rows[i].family, rows[i].times) == rows[i].renewed);
}

static void a_refusal_is_an_errno(void) {
  int ends[2];
  struct {
    struct nlmsghdr header;
    struct nlmsgerr body;
  } answer = {.header = {.nlmsg_len = sizeof answer, .nlmsg_type = NLMSG_ERROR}};
  EXPECT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
  changer = ends[0];
  const struct {
    int said;
    int taken;
  } rows[] = {{0, 0}, {-EPERM, EPERM}, {-ENODEV, 0}, {5, EBADMSG}, {INT32_MAX, EBADMSG}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i += 1) {
    answer.body.error = rows[i].said;
    EXPECT(send(ends[1], &answer, sizeof answer, 0) == (ssize_t)sizeof answer);
    EXPECT(refusals() == rows[i].taken);
  }
}

int main(void) {
  payloads();
  packets();
  dumps();
  what_has_just_come_is_left();
  a_refusal_is_an_errno();
  return 0;
}
