/*
 * The executor's half of the lease: one word says when the agent last lived, one how far it has come since, the
 * other that we do.
 * No consequence is drawn here.
 */
#include "lease.h"

#include "../lease_words.h"
#include "clock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The agent replaces us after one second without a turn. */
#define BEAT_MS 250

static struct lease *lease;
static uint64_t seen_word = LEASE_NOT_HELD;
static int64_t silent_since = NEVER;
static bool steps_told;
static uint64_t seen_step;
static int64_t stepped_at;
static int64_t due = NEVER;

int lease_map(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  if (status.st_size != sizeof(struct lease) && status.st_size != LEASE_WITHOUT_STEPS)
    return -EINVAL;
  steps_told = status.st_size == sizeof(struct lease);
  void *memory = mmap(NULL, sizeof(struct lease), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return -errno;
  lease = memory;
  due = 0;
  return 0;
}

/* What we were late ourselves is no silence of the agent's. */
static int64_t excused(int64_t since, int64_t late_ms, uint64_t now) {
  int64_t latest = (int64_t)(now / 1000);
  return since + late_ms < latest ? since + late_ms : latest;
}

/* A page is mapped in any case; what lies behind the end of a shorter memory is not looked at. */
static void look_at_steps(int64_t late_ms, uint64_t now) {
  uint64_t step = steps_told ? atomic_load(&lease->stepped) : 0;
  if (step != seen_step) stepped_at = (int64_t)(step / 1000);
  seen_step = step;
  stepped_at = excused(stepped_at, late_ms, now);
}

/*
 * A virtual machine that was paused, or a freezer, stops us too: when we run again the agent has had
 * no chance yet.
 */
void lease_turn(int64_t late_ms) {
  if (lease == NULL) return;
  uint64_t now = now_us();
  uint64_t word = atomic_load(&lease->renewed);
  atomic_store(&lease->beaten, now);
  due = (int64_t)(now / 1000) + BEAT_MS;
  if (word == LEASE_NOT_HELD)
    silent_since = NEVER;
  else if (word != LEASE_REVOKED && word != seen_word)
    silent_since = (int64_t)(word / 1000);
  seen_word = word;
  if (silent_since != NEVER) silent_since = excused(silent_since, late_ms, now);
  look_at_steps(late_ms, now);
}

int64_t lease_due(void) {
  return due;
}

int64_t lease_silent_since(void) {
  return silent_since;
}

int64_t lease_still_since(void) {
  return silent_since == NEVER || silent_since > stepped_at ? silent_since : stepped_at;
}

bool lease_revoke(void) {
  uint64_t expected = seen_word;
  return lease != NULL && expected != LEASE_NOT_HELD && expected != LEASE_REVOKED &&
         atomic_compare_exchange_strong(&lease->renewed, &expected, LEASE_REVOKED);
}
