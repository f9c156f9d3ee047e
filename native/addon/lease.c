/* The agent's half of the lease: memory without a name, and the agent's word in it. No policy. */
#include "lease.h"

#include "../lease_words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* An agent has one; tests have some. */
#define LEASES_MAX 16

static struct {
  int fd;
  struct lease *lease; /* NULL: free */
} leases[LEASES_MAX];

static int find(int fd, bool open) {
  for (int i = 0; i < LEASES_MAX; i += 1)
    if (open ? leases[i].lease != NULL && leases[i].fd == fd : leases[i].lease == NULL) return i;
  return -1;
}

/* Sealed: whoever holds the descriptor cannot shrink it under the other's feet (SIGBUS). */
static int open_lease(void) {
  const size_t size = sizeof(struct lease);
  const int place = find(0, false);
  if (place < 0) return -EMFILE;
  int fd = memfd_create("understudy-lease", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -errno;
  if (ftruncate(fd, (off_t)size) < 0) goto cleanup;
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) goto cleanup;
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) goto cleanup;
  leases[place].fd = fd;
  leases[place].lease = memory;
  return fd;

cleanup:;
  int error = errno;
  close(fd);
  return -error;
}

static bool renew(struct lease *lease) {
  uint64_t word = atomic_load(&lease->renewed);
  if (word == LEASE_NOT_HELD) return false;
  if (word != LEASE_REVOKED &&
      atomic_compare_exchange_strong(&lease->renewed, &word, now_microseconds()))
    return true;
  /* Says too that we know: who knows is not killed for its silence. */
  atomic_store(&lease->renewed, LEASE_NOT_HELD);
  return false;
}

static double executor_silence(struct lease *lease) {
  uint64_t beaten = atomic_load(&lease->beaten);
  uint64_t now = now_microseconds();
  return beaten == 0 || beaten > now ? 0 : (double)(now - beaten);
}

double lease_ask(int fd, enum lease_question question) {
  if (question == LEASE_OPEN) return open_lease();
  int place = find(fd, true);
  struct lease *lease = place < 0 ? NULL : leases[place].lease;
  if (lease == NULL) return -EBADF;
  switch (question) {
  case LEASE_OPEN:
    break;
  case LEASE_RENEW:
    return renew(lease) ? 1 : 0;
  case LEASE_TAKE:
    atomic_store(&lease->renewed, now_microseconds());
    return 0;
  case LEASE_SILENCE:
    return executor_silence(lease);
  case LEASE_STEP:
    atomic_store(&lease->stepped, now_microseconds());
    return 0;
  case LEASE_CLOSE:
    munmap(lease, sizeof *lease);
    close(fd);
    leases[place].lease = NULL;
    return 0;
  }
  return -EINVAL;
}
