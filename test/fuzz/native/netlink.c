/* netlink_read on whatever a socket may hold: no byte behind the datagram is read, what comes out is a record, and
 * the reader comes to an end. */
#include "../../../native/addon/netlink.c"

#include "drive.h"

static void expect_record(const struct network_record *record) {
  bool link = record->kind == NETWORK_LINK || record->kind == NETWORK_LINK_REMOVED;
  bool address = record->kind == NETWORK_ADDRESS || record->kind == NETWORK_ADDRESS_REMOVED;
  EXPECT(link || address);
  EXPECT(record->hardware_length <= sizeof record->hardware);
  EXPECT(record->family == (link ? 0 : record->family == 4 ? 4 : 6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct netlink_reader reader;
  struct network_record records[8];
  if (size < 1 || size > sizeof reader.buffer) return 0;

  ASAN_UNPOISON_MEMORY_REGION(reader.buffer, sizeof reader.buffer);
  /* No descriptor: behind these bytes there is nothing. */
  reader.fd = -1;
  reader.lost = reader.done = reader.interrupted = false;
  reader.dumping = data[0] & 1;
  reader.position = 0;
  reader.length = size - 1;
  memcpy(reader.buffer, data + 1, size - 1);
  ASAN_POISON_MEMORY_REGION(reader.buffer + size - 1, sizeof reader.buffer - (size - 1));

  size_t left = size;
  for (;;) {
    int count = netlink_read(&reader, records, sizeof records / sizeof *records);
    EXPECT(count <= (int)(sizeof records / sizeof *records));
    if (count <= 0) break;
    for (int i = 0; i < count; i += 1) expect_record(&records[i]);
    /* Each record has taken a header at least. */
    EXPECT(left >= (size_t)count * sizeof(struct nlmsghdr));
    left -= (size_t)count * sizeof(struct nlmsghdr);
  }
  ASAN_UNPOISON_MEMORY_REGION(reader.buffer, sizeof reader.buffer);
  return 0;
}
