/* What a target of libFuzzer needs; and, where there is none, DRAWS inputs from one seed. */
#ifndef UNDERSTUDY_TEST_FUZZ_DRIVE_H
#define UNDERSTUDY_TEST_FUZZ_DRIVE_H

#include "../../native/expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef DRAWS

enum { LONGEST = 512 };

/* Small numbers, and the same over and over: so lengths and counts are right now and then. */
int main(void) {
  static uint8_t input[LONGEST];
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
