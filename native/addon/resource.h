/* The life of descriptors that JavaScript holds handles of: watched in its event loop, and closed once. What arrives is
 * first shown to whoever takes it without JavaScript (repetitions.h, confirmations.h, checks.h). */
#ifndef UNDERSTUDY_RESOURCE_H
#define UNDERSTUDY_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "arguments.h"
#include "checks.h"
#include "confirmations.h"
#include "message_key.h"
#include "netlink.h"
#include "repetitions.h"

enum kind {
  ADVERTISEMENT_SOCKET = 1,
  ANNOUNCER = 2,
  NETWORK_WATCH = 4,
  DEADLINE_TIMER = 16,
  FILE_LOCK = 32,
  DATAGRAM_SOCKET = 64,
  MESSAGE_KEY = 128, /* no descriptor: it goes when nobody has the handle any more */
  CHECK_TIMER = 256,
};

/* An open file descriptor that JavaScript holds a handle of, which keeps itself alive while it is
 * open, also when only its callback is left. The memory goes when both the handle was collected and
 * libuv has let go of the poll. */
struct resource {
  enum kind kind;
  int fd; /* -1 once closed */
  unsigned int holders;
  napi_env env;
  napi_ref self;
  napi_ref callback; /* NULL when nothing is polled */
  napi_async_cleanup_hook_handle hook;
  uv_poll_t poll;
  int family;
  int link_index;
  double drained_at;
  struct netlink_reader *reader;
  struct message_key *key;
  uv_timer_t pause; /* of a socket with a room */
  napi_ref memory; /* of `room` */
  struct packet_room *room; /* NULL, or where it receives before JavaScript is called */
  struct confirmer *confirmer; /* NULL, or who receives before JavaScript is called */
  napi_ref shared[2]; /* memory of the confirmer */
  struct resource *keys[CONFIRMATION_KEYS]; /* of the confirmer; each held */
  struct checker *checker; /* of a check timer */
  struct resource *sides[SIDES]; /* its sockets; each held */
  struct resource *checks; /* NULL, or the open check timer of this socket */
};

/* Owns `fd` from here on, also when it throws. */
struct resource *new_resource(napi_env env, enum kind kind, int fd);

/* Makes the handle that JavaScript sees, and has `callback`, unless it is NULL, called when there is something for it.
 * Owns `resource` from here on, also when it throws. */
napi_value hand_over(napi_env env, struct resource *resource, napi_value callback);

/* One that a handle of these kinds stands for, also a closed one; or throws. */
struct resource *resource_argument(napi_env env, napi_value value, unsigned int kinds);

/* Reads the arguments, the first of which is an open resource; or throws. */
struct resource *open_resource(napi_env env, napi_callback_info info, unsigned int kinds,
                               size_t count, napi_value *values);

/* Safe at any time: uv_close takes the descriptor out of the loop before libuv calls back. */
void close_resource(struct resource *resource);

/* Frees it when that was the last holder. */
void drop_holder(struct resource *resource);

/* Looks at the sockets of a check timer. False: all are closed, and the memory of the port may be gone. */
bool has_sockets(struct resource *resource);

#endif
