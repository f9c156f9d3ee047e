/* What a target of libFuzzer needs; and, where there is none, the inputs of the files that are named, and DRAWS more
 * from one seed. */
#ifndef UNDERSTUDY_TEST_FUZZ_DRIVE_H
#define UNDERSTUDY_TEST_FUZZ_DRIVE_H

#include "../../native/expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef DRAWS

enum { LONGEST = 512 };

static void take_file(const char *name) {
  static uint8_t input[1 << 16];
  FILE *file = fopen(name, "rb");
  EXPECT(file != NULL);
  size_t size = fread(input, 1, sizeof input, file);
  fclose(file);
  LLVMFuzzerTestOneInput(input, size);
}

/* Small numbers, and the same over and over: so lengths and counts are right now and then. */
int main(int count, char **names) {
  static uint8_t input[LONGEST];
  for (int i = 1; i < count; i += 1) take_file(names[i]);
  for (int left = DRAWS; left > 0; left -= 1) {
    size_t size = draw(LONGEST + 1);
    uint32_t most = draw(2) == 0 ? 256 : 1 + draw(24);
    for (size_t i = 0; i < size; i += 1) input[i] = (uint8_t)(draw(4) == 0 ? draw(most) : 0);
    LLVMFuzzerTestOneInput(input, size);
  }
  return 0;
}

#endif
#endif
