/* The kernel's list of addresses as the executor reads it: what is renewed or removed was listed, is named by the will,
 * and lies whole in the batch. */
#include "../../../native/executor/frame.c"
#include "../../../native/executor/renewal.c"

#include "drive.h"

int64_t now_ms(void) {
  return 0;
}
int64_t boot_ms(void) {
  return 0;
}
void complain(const char *format, ...) {
  (void)format;
}

enum { SEQUENCE = 1, LIFETIME_S = 3 };

static struct address willed[2] = {
    {.link = 2, .family = 4, .prefix_length = 24, .bytes = {10, 99, 0, 100}},
    {.link = 2, .family = 6, .prefix_length = 64, .bytes = {0xfe, 0x80, [15] = 0x64}},
};

static void expect_batch(struct batch *batch, const struct will *will, size_t listed) {
  EXPECT(batch->length <= sizeof batch->bytes && batch->length <= NLMSG_ALIGN(listed));
  for (size_t at = 0; at < batch->length;) {
    struct nlmsghdr *message = (struct nlmsghdr *)(void *)(batch->bytes + at);
    EXPECT(message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg)));
    EXPECT(message->nlmsg_len <= batch->length - at);
    EXPECT(message->nlmsg_type == (batch->change == REMOVE ? RTM_DELADDR : RTM_NEWADDR));
    EXPECT(is_willed(will, message));
    at += NLMSG_ALIGN(message->nlmsg_len);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct batch batch;
  static _Alignas(8) uint8_t dump[BATCH_SIZE];
  if (size < 1 || size - 1 > sizeof dump) return 0;

  struct will will = {
      .lifetime_s = data[0] & 2 ? LIFETIME_S : 0, .address_count = 2, .addresses = willed};
  qsort(willed, 2, sizeof willed[0], address_compare);
  batch.change = data[0] & 1 ? REMOVE : RENEW;
  batch.length = batch.count = 0;
  batch.error = 0;
  batch.done = false;
  ASAN_UNPOISON_MEMORY_REGION(dump, sizeof dump);
  memcpy(dump, data + 1, size - 1);
  ASAN_POISON_MEMORY_REGION(dump + size - 1, sizeof dump - (size - 1));
  take_messages(&will, dump, size - 1, SEQUENCE, &batch);
  ASAN_UNPOISON_MEMORY_REGION(dump, sizeof dump);
  expect_batch(&batch, &will, size - 1);
  return 0;
}
