/* What the C tests share: a claim, random bytes from a seed, and bytes behind which nothing may be read. No case is
 * here. */
#ifndef UNDERSTUDY_EXPECT_H
#define UNDERSTUDY_EXPECT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(claim)                                                                              \
  do {                                                                                             \
    if (!(claim)) {                                                                                \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #claim);                         \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static uint32_t seed = 1;

static inline uint32_t draw(uint32_t below) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % below;
}

/* A copy that ends where its memory ends: one byte further is a fault that the sanitizer reports. */
static inline void *exactly(const void *bytes, size_t length) {
  void *copy = malloc(length > 0 ? length : 1);
  EXPECT(copy != NULL);
  if (length > 0) memcpy(copy, bytes, length);
  return copy;
}

/* gcc has the one word for it, clang the other, gcc 14 both. */
#if defined(__has_feature) && !defined(__SANITIZE_ADDRESS__)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, length) ((void)(at), (void)(length))
#define ASAN_UNPOISON_MEMORY_REGION(at, length) ((void)(at), (void)(length))
#endif

#endif
