/* What read_control and strip_ipv4_header make of control messages and headers that are too short, or cut off. */
#include "../../native/addon/packet_socket.c"

#include "expect.h"

/* The record of one control message with this length, in memory that ends where the message does. */
static struct packet_record control_of(int level, int type, size_t length, int flags) {
  static const uint8_t value[64] = {[0 ... 63] = 1};
  struct cmsghdr header = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
  uint8_t bytes[CMSG_SPACE(sizeof value)];
  memcpy(bytes, &header, sizeof header);
  memcpy(bytes + CMSG_LEN(0), value, length);
  uint8_t *exact = exactly(bytes, CMSG_LEN(length));
  struct msghdr message = {
      .msg_control = exact, .msg_controllen = CMSG_LEN(length), .msg_flags = flags};
  struct packet_record record = {0};
  read_control(&message, &record);
  free(exact);
  return record;
}

static bool is_untouched(struct packet_record record) {
  static const struct packet_record nothing;
  return memcmp(&record, &nothing, sizeof record) == 0;
}

static void control_messages(void) {
  static const struct {
    int level;
    int type;
    size_t size;
  } known[] = {{SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(struct timespec)},
               {IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo)},
               {IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo)},
               {IPPROTO_IPV6, IPV6_HOPLIMIT, sizeof(int)}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i += 1) {
    for (size_t length = 0; length < known[i].size; length += 1)
      EXPECT(is_untouched(control_of(known[i].level, known[i].type, length, 0)));
    EXPECT(!is_untouched(control_of(known[i].level, known[i].type, known[i].size, 0)));
    EXPECT(is_untouched(control_of(known[i].level, known[i].type, known[i].size, MSG_CTRUNC)));
  }
}

static void ipv4_headers(void) {
  for (uint32_t length = 0; length <= 64; length += 1) {
    for (uint32_t words = 0; words < 16; words += 1) {
      uint8_t bytes[64] = {(uint8_t)(0x40 | words)};
      uint8_t *exact = exactly(bytes, length);
      struct packet_record record = {.length = length};
      strip_ipv4_header(exact, &record);
      EXPECT(record.offset + record.length <= length);
      if (length < 20 || words < 5) EXPECT(record.length == 0);
      free(exact);
    }
  }
}

int main(void) {
  control_messages();
  ipv4_headers();
  return 0;
}
