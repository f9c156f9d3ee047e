/*
 * Programs that wait for their turn: a bounded ring, first come first served. Starts nothing by
 * itself.
 */
#include "queue.h"

#include <errno.h>

/*
 * The agent runs one netlink script at a time, and of its hooks one call each: a few places are enough,
 * since CHILDREN_MAX of them run before one has to wait.
 */
#define QUEUE_MAX 16
#define QUEUE_BYTES_MAX (8u << 20)

struct queued {
  uint32_t id;
  struct request request;
};

static struct queued queue[QUEUE_MAX];
static int head;
static int count;
static size_t held;

int queue_add(uint32_t id, struct bytes payload, report_function *report) {
  struct request request;
  int error = request_parse(payload, &request);
  if (error != 0) return error;
  if (count == QUEUE_MAX || held + request.size > QUEUE_BYTES_MAX) {
    const struct bytes nothing = {NULL, 0};
    report(id, FAILED, EAGAIN, "16 programs, or 8 MiB of them, wait already: ask for fewer at once",
           nothing, nothing);
    request_free(&request);
    return 0;
  }
  queue[(head + count) % QUEUE_MAX] = (struct queued){id, request};
  count += 1;
  held += request.size;
  return 0;
}

static struct queued take_first(void) {
  struct queued first = queue[head];
  head = (head + 1) % QUEUE_MAX;
  count -= 1;
  held -= first.request.size;
  return first;
}

void queue_start(report_function *report) {
  while (count > 0 && children_running() < CHILDREN_MAX) {
    struct queued first = take_first();
    child_start(first.id, &first.request, report);
  }
}

void queue_clear(const char *message, report_function *report) {
  const struct bytes nothing = {NULL, 0};
  while (count > 0) {
    struct queued first = take_first();
    request_free(&first.request);
    if (report != NULL) report(first.id, FAILED, ECANCELED, message, nothing, nothing);
  }
}
