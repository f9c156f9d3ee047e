/* netlink_read on crafted bytes: what a kernel does not say, and what is cut off. */
#include "../../native/addon/netlink.c"

#include "expect.h"

static struct netlink_reader reader;

/* Hands over these bytes as one datagram; nothing behind them may be read. */
static int read_bytes(const void *bytes, size_t length, struct network_record *records,
                      int capacity) {
  ASAN_UNPOISON_MEMORY_REGION(reader.buffer, sizeof reader.buffer);
  reader.lost = reader.done = reader.interrupted = false;
  reader.dumping = true;
  memcpy(reader.buffer, bytes, length);
  ASAN_POISON_MEMORY_REGION(reader.buffer + length, sizeof reader.buffer - length);
  reader.position = 0;
  reader.length = length;
  int result = netlink_read(&reader, records, capacity);
  ASAN_UNPOISON_MEMORY_REGION(reader.buffer, sizeof reader.buffer);
  return result;
}

static void an_error_is_no_number_of_records(void) {
  struct {
    struct nlmsghdr header;
    int error;
  } message = {.header = {.nlmsg_len = sizeof message}};
  struct network_record records[4];
  for (int type = NLMSG_ERROR; type <= NLMSG_DONE; type += 1) {
    message.header.nlmsg_type = (uint16_t)type;
    message.error = 3;
    EXPECT(read_bytes(&message, sizeof message, records, 4) == -EBADMSG);
    message.error = INT32_MAX;
    EXPECT(read_bytes(&message, sizeof message, records, 4) == -EBADMSG);
    message.error = -ENODEV;
    EXPECT(read_bytes(&message, sizeof message, records, 4) == -ENODEV);
    message.error = 0;
    EXPECT(read_bytes(&message, sizeof message, records, 4) == 0);
    EXPECT(reader.done);
  }
}

static void lengths_that_cannot_be(void) {
  struct nlmsghdr header = {.nlmsg_type = RTM_NEWLINK};
  struct network_record records[4];
  const uint32_t lengths[] = {
      0, 1, sizeof header - 1, sizeof header + 1, UINT32_MAX, UINT32_MAX - 2};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i += 1) {
    header.nlmsg_len = lengths[i];
    EXPECT(read_bytes(&header, sizeof header, records, 4) == -EBADMSG);
  }
  header.nlmsg_len = sizeof header; /* no body */
  EXPECT(read_bytes(&header, sizeof header, records, 4) <= 0);
}

static void attributes_that_cannot_be(void) {
  struct {
    struct nlmsghdr header;
    struct ifaddrmsg body;
    struct rtattr attribute;
    uint8_t address[4];
  } message = {.header = {.nlmsg_len = sizeof message, .nlmsg_type = RTM_NEWADDR},
               .body = {.ifa_family = AF_INET, .ifa_index = 7, .ifa_prefixlen = 24},
               .attribute = {.rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL},
               .address = {10, 99, 0, 1}};
  struct network_record records[4];
  EXPECT(read_bytes(&message, sizeof message, records, 1) == 1);
  EXPECT(records[0].link_index == 7 && records[0].address[0] == 10 && records[0].family == 4);
  const uint16_t lengths[] = {0, 1, 3, 5, RTA_LENGTH(4) + 1, UINT16_MAX, UINT16_MAX - 2};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i += 1) {
    message.attribute.rta_len = lengths[i];
    EXPECT(read_bytes(&message, sizeof message, records, 1) <= 0);
  }
  /* Four bytes are no address of this family. */
  message.attribute.rta_len = RTA_LENGTH(4);
  message.body.ifa_family = AF_INET6;
  EXPECT(read_bytes(&message, sizeof message, records, 1) <= 0);
}

static void whatever_the_bytes(void) {
  static const uint16_t types[] = {RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR,   RTM_DELADDR,
                                   NLMSG_ERROR, NLMSG_DONE,  NLMSG_OVERRUN, NLMSG_NOOP};
  _Alignas(8) uint8_t bytes[256];
  struct network_record records[8];
  for (int round = 0; round < 50000; round += 1) {
    size_t length = draw(sizeof bytes + 1);
    for (size_t i = 0; i < length; i += 1)
      bytes[i] = (uint8_t)(draw(4) == 0 ? draw(256) : draw(20));
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= length; at += 16 + 4 * (size_t)draw(24)) {
      struct nlmsghdr header = {.nlmsg_len = draw(8) == 0 ? draw(300) : 16 + draw(90),
                                .nlmsg_type = types[draw(8)]};
      memcpy(bytes + at, &header, sizeof header);
    }
    int capacity = 1 + (int)draw(8);
    int count = read_bytes(bytes, length, records, capacity);
    EXPECT(count <= capacity);
  }
}

int main(void) {
  int ends[2];
  EXPECT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) == 0);
  reader.fd = ends[0];
  an_error_is_no_number_of_records();
  lengths_that_cannot_be();
  attributes_that_cannot_be();
  whatever_the_bytes();
  return 0;
}
