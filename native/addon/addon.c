/* The Node-API face of the C files beside it: what JavaScript calls, and the life of descriptors.
 * No policy; what a number means is said in src/kernel. */
#include <errno.h>
#include <limits.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "checks.h"
#include "confirmations.h"
#include "datagram_socket.h"
#include "deadline_timer.h"
#include "message_key.h"
#include "netlink.h"
#include "packet_socket.h"
#include "repetitions.h"
#include "requests.h"
#include "service.h"

enum kind {
  ADVERTISEMENT_SOCKET = 1,
  ANNOUNCER = 2,
  NETWORK_WATCH = 4,
  NETWORK_DUMP = 8,
  DEADLINE_TIMER = 16,
  FILE_LOCK = 32,
  DATAGRAM_SOCKET = 64,
  MESSAGE_KEY = 128, /* no descriptor: it goes when nobody has the handle any more */
  CHECK_TIMER = 256,
};

/* For so long a socket is not looked at after packets that only repeated what is known, unless JavaScript does. */
enum { PAUSE_MS = 2 };

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

static const napi_type_tag resource_tag = {0x7c1e0f5b9a3d4e26, 0xb8d21f6a40c7953e};

/* ---- the life of a resource ---- */

static void drop_holder(struct resource *resource) {
  resource->holders -= 1;
  if (resource->holders > 0) return;
  for (int place = 0; place < CONFIRMATION_KEYS; place += 1)
    if (resource->keys[place] != NULL) drop_holder(resource->keys[place]);
  for (int side = 0; side < SIDES; side += 1)
    if (resource->sides[side] != NULL) drop_holder(resource->sides[side]);
  free(resource->checker);
  free(resource->confirmer);
  free(resource->reader);
  message_key_free(resource->key);
  free(resource);
}

static void on_all_closed(uv_handle_t *last) {
  struct resource *resource = last->data;
  napi_remove_async_cleanup_hook(resource->hook);
  drop_holder(resource);
}

static void on_poll_closed(uv_handle_t *poll) {
  struct resource *resource = poll->data;
  if (resource->memory == NULL)
    on_all_closed(poll);
  else
    uv_close((uv_handle_t *)&resource->pause, on_all_closed);
}

/* Safe at any time: uv_close takes the descriptor out of the loop before libuv calls back. */
static void close_resource(struct resource *resource) {
  if (resource->fd < 0) return;
  if (resource->callback != NULL) uv_close((uv_handle_t *)&resource->poll, on_poll_closed);
  close(resource->fd);
  resource->fd = -1;
  resource->room = NULL;
  for (int side = 0; side < SIDES; side += 1)
    if (resource->sides[side] != NULL) resource->sides[side]->checks = NULL;
}

/* The environment ends (a worker was terminated) with the resource still open. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  close_resource(data);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  close_resource(data);
  drop_holder(data);
}

/* libuv stops polling a descriptor with an error. One that cannot be taken off stays stopped, or it
 * would wake the loop for ever. */
static void resume_polling(struct resource *resource, uv_poll_cb on_poll) {
  if (resource->kind == NETWORK_WATCH) resource->reader->lost = true;
  if (socket_take_error(resource->fd)) uv_poll_start(&resource->poll, UV_READABLE, on_poll);
}

static void call_back(struct resource *resource) {
  napi_env env = resource->env;
  napi_handle_scope scope;
  napi_value receiver, callback, exception;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_global(env, &receiver) == napi_ok &&
      napi_get_reference_value(env, resource->callback, &callback) == napi_ok &&
      napi_make_callback(env, NULL, receiver, callback, 0, NULL, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &exception) == napi_ok)
    napi_fatal_exception(env, exception);
  napi_close_handle_scope(env, scope);
}

/* Packets that only repeat what is known are counted in memory until JavaScript looks. */
static bool is_only_repeated(struct resource *resource) {
  return resource->room != NULL &&
         repetitions_receive(resource->fd, resource->family, &resource->drained_at, resource->room);
}

/* Messages of peers that only confirm what is known are answered and noted in memory until JavaScript looks. Where it makes
 * the checks, it waits for the last answer to one. */
static bool is_only_confirmed(struct resource *resource) {
  if (resource->confirmer == NULL) return false;
  const enum heard heard =
      confirmations_receive(resource->confirmer, resource->fd, resource->family);
  if (heard != ALL_ANSWERED) return heard == CONFIRMED;
  if (resource->checks == NULL || resource->confirmer->room->planned == 0) return false;
  checks_arm(resource->checks->checker);
  return true;
}

/* Looks at the sockets of a check timer. False: all are closed, and the memory of the port may be gone. */
static bool has_sockets(struct resource *resource) {
  bool any = false;
  for (int side = 0; side < SIDES; side += 1) {
    const int fd = resource->sides[side] == NULL ? -1 : resource->sides[side]->fd;
    resource->checker->sockets[side] = fd;
    if (fd >= 0) any = true;
  }
  return any;
}

/* Checks that are answered are made until something else is due. */
static void pass_checks(struct resource *resource) {
  struct checker *checker = resource->checker;
  if (!has_sockets(resource) || checks_pass(checker)) return;
  call_back(resource);
  /* Whatever has become of it: what is left to us is waited for. */
  if (resource->fd >= 0 && has_sockets(resource)) checks_arm(checker);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *pause) {
  struct resource *resource = pause->data;
  if (resource->fd >= 0) uv_poll_start(&resource->poll, UV_READABLE, on_poll);
}

/* An Active sends its advertisements one after the other: the others of a batch are waited for, not each of them. */
static void pause_polling(struct resource *resource) {
  uv_poll_stop(&resource->poll);
  uv_timer_start(&resource->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct resource *resource = poll->data;
  (void)events;
  if (status < 0) resume_polling(resource, on_poll);
  /* Readable, but armed anew by a callback that ran before this one: not expired after all. */
  const bool is_timer = resource->kind == DEADLINE_TIMER || resource->kind == CHECK_TIMER;
  if (is_timer && deadline_timer_consume(resource->fd) <= 0) return;
  if (resource->kind == CHECK_TIMER)
    pass_checks(resource);
  else if (status >= 0 && is_only_repeated(resource))
    pause_polling(resource);
  else if (status < 0 || !is_only_confirmed(resource))
    call_back(resource);
}

static bool start_polling(napi_env env, struct resource *resource, napi_value callback) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return false;
  if (napi_create_reference(env, callback, 1, &resource->callback) != napi_ok) goto cleanup;
  if (napi_add_async_cleanup_hook(env, on_environment_end, resource, &resource->hook) != napi_ok)
    goto cleanup;
  if (uv_poll_init(loop, &resource->poll, resource->fd) < 0) goto cleanup;
  resource->poll.data = resource;
  resource->holders += 1;
  /* Fails only for a closing handle or with an unknown event. */
  uv_poll_start(&resource->poll, UV_READABLE, on_poll);
  return true;

cleanup:
  if (resource->hook != NULL) napi_remove_async_cleanup_hook(resource->hook);
  if (resource->callback != NULL) napi_delete_reference(env, resource->callback);
  resource->callback = NULL;
  return false;
}

/* Owns `fd` from here on, also when it throws. */
static struct resource *new_resource(napi_env env, enum kind kind, int fd) {
  struct resource *resource = calloc(1, sizeof *resource);
  if (resource == NULL) {
    if (fd >= 0) close(fd);
    return (void *)throw_errno(env, -ENOMEM, "calloc");
  }
  resource->kind = kind;
  resource->fd = fd;
  resource->holders = 1;
  resource->drained_at = monotonic_microseconds();
  return resource;
}

/* Makes the handle that JavaScript sees. Owns `resource` from here on, also when it throws. */
static napi_value hand_over(napi_env env, struct resource *resource, napi_value callback) {
  napi_value handle;
  resource->env = env;
  if (napi_create_object(env, &handle) != napi_ok ||
      napi_wrap(env, handle, resource, on_collected, NULL, NULL) != napi_ok) {
    close_resource(resource);
    drop_holder(resource);
    napi_throw_error(env, NULL, "the handle could not be made");
    return NULL;
  }
  if (napi_type_tag_object(env, handle, &resource_tag) != napi_ok ||
      (callback != NULL && !start_polling(env, resource, callback)) ||
      (resource->fd >= 0 && napi_create_reference(env, handle, 1, &resource->self) != napi_ok)) {
    close_resource(resource); /* the memory goes with the handle */
    napi_throw_error(env, NULL, "the descriptor could not be watched");
    return NULL;
  }
  return handle;
}

static struct resource *resource_argument(napi_env env, napi_value value, unsigned int kinds) {
  bool tagged = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, value, &resource_tag, &tagged) == napi_ok && tagged &&
      napi_unwrap(env, value, &data) == napi_ok) {
    struct resource *resource = data;
    if (resource->kind & kinds) return resource;
  }
  napi_throw_type_error(env, NULL, "a handle of another kind expected");
  return NULL;
}

/* Reads the arguments, the first of which is an open resource; or throws. */
static struct resource *open_resource(napi_env env, napi_callback_info info, unsigned int kinds,
                                      size_t count, napi_value *values) {
  if (!arguments(env, info, count, values)) return NULL;
  struct resource *resource = resource_argument(env, values[0], kinds);
  if (resource == NULL || resource->fd >= 0) return resource;
  napi_throw_error(env, "EBADF", "used after close: open a new one");
  return NULL;
}

/* ---- what JavaScript calls; see src/kernel/addon.ts for the types ---- */

static napi_value open_advertisement_socket(napi_env env, napi_callback_info info) {
  napi_value values[4];
  int family, link_index;
  char name[64];
  const char *call;
  if (!arguments(env, info, 4, values) || !int_argument(env, values[0], 4, 6, &family) ||
      !int_argument(env, values[1], 1, INT_MAX, &link_index) ||
      !text_argument(env, values[2], name, sizeof name))
    return NULL;
  family = family == 4 ? AF_INET : AF_INET6;
  int fd = advertisement_socket_open(family, link_index, name, &call);
  if (fd < 0) return throw_errno(env, fd, call);
  struct resource *resource = new_resource(env, ADVERTISEMENT_SOCKET, fd);
  if (resource == NULL) return NULL;
  resource->family = family;
  resource->link_index = link_index;
  return hand_over(env, resource, values[3]);
}

static napi_value hand_over_fd(napi_env env, enum kind kind, int fd, napi_value callback) {
  struct resource *resource = new_resource(env, kind, fd);
  return resource == NULL ? NULL : hand_over(env, resource, callback);
}

static napi_value open_announcer(napi_env env, napi_callback_info info) {
  (void)info;
  const char *call;
  int fd = announcer_open(&call);
  return fd < 0 ? throw_errno(env, fd, call) : hand_over_fd(env, ANNOUNCER, fd, NULL);
}

static napi_value open_deadline_timer(napi_env env, napi_callback_info info) {
  napi_value values[1];
  const char *call;
  if (!arguments(env, info, 1, values)) return NULL;
  int fd = deadline_timer_open(&call);
  return fd < 0 ? throw_errno(env, fd, call) : hand_over_fd(env, DEADLINE_TIMER, fd, values[0]);
}

/* `argument` is the receive buffer of a watch, or whether a dump is of links. */
static napi_value open_netlink(napi_env env, enum kind kind, int argument, napi_value callback) {
  const char *call = "calloc";
  int result = -ENOMEM;
  struct resource *resource = new_resource(env, kind, -1);
  if (resource == NULL) return NULL;
  resource->reader = calloc(1, sizeof *resource->reader);
  if (resource->reader != NULL && kind == NETWORK_WATCH)
    result = netlink_open_watch(resource->reader, argument, &call);
  else if (resource->reader != NULL)
    result = netlink_open_dump(resource->reader, argument != 0, &call);
  if (result < 0) {
    drop_holder(resource);
    return throw_errno(env, result, call);
  }
  resource->fd = resource->reader->fd;
  return hand_over(env, resource, callback);
}

static napi_value open_network_watch(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int buffer;
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], 0, INT_MAX, &buffer))
    return NULL;
  return open_netlink(env, NETWORK_WATCH, buffer, values[1]);
}

static napi_value open_network_dump(napi_env env, napi_callback_info info) {
  napi_value values[1];
  bool links = false;
  if (!arguments(env, info, 1, values)) return NULL;
  napi_get_value_bool(env, values[0], &links);
  return open_netlink(env, NETWORK_DUMP, links, NULL);
}

static napi_value receive_packets(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int capacity;
  void *batch;
  size_t size;
  struct resource *resource =
      open_resource(env, info, ADVERTISEMENT_SOCKET | DATAGRAM_SOCKET, 3, values);
  if (resource == NULL) return NULL;
  const bool datagrams = resource->kind == DATAGRAM_SOCKET;
  const size_t records = PACKET_BATCH * sizeof(struct packet_record);
  const size_t least = datagrams ? sizeof(struct datagram_batch) : records + PACKET_BYTES;
  if (!batch_argument(env, values[1], least, &batch, &size) ||
      !int_argument(env, values[2], 1, PACKET_BATCH, &capacity))
    return NULL;
  if (datagrams)
    return number(env, datagram_socket_receive(resource->fd, resource->family, capacity, batch));
  return number(env, advertisement_socket_receive(resource->fd, resource->family,
                                                  (unsigned int)capacity, &resource->drained_at,
                                                  batch, (uint8_t *)batch + records));
}

/* A socket, and the memory where it receives first; once. */
static napi_value attach(napi_env env, napi_callback_info info) {
  napi_value values[2];
  void *room;
  size_t size;
  struct resource *resource = open_resource(env, info, ADVERTISEMENT_SOCKET, 2, values);
  if (resource == NULL || !batch_argument(env, values[1], sizeof(struct packet_room), &room, &size))
    return NULL;
  uv_loop_t *loop;
  if (resource->memory != NULL || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      napi_create_reference(env, values[1], 1, &resource->memory) != napi_ok)
    return NULL;
  uv_timer_init(loop, &resource->pause);
  resource->pause.data = resource;
  resource->room = room;
  return NULL;
}

static napi_value send_batch(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int count;
  void *batch;
  size_t size;
  struct resource *resource =
      open_resource(env, info, ADVERTISEMENT_SOCKET | ANNOUNCER | DATAGRAM_SOCKET, 3, values);
  if (resource == NULL || !batch_argument(env, values[1], 0, &batch, &size) ||
      !int_argument(env, values[2], 0, INT_MAX, &count))
    return NULL;
  if (!outgoing_batch_is_sound(batch, size, (unsigned int)count)) {
    napi_throw_range_error(env, NULL, "a record of the batch lies or points outside it");
    return NULL;
  }
  if (resource->kind == ANNOUNCER)
    return number(env, announcer_send(resource->fd, batch, (unsigned int)count));
  if (resource->kind == DATAGRAM_SOCKET)
    return number(env,
                  datagram_socket_send(resource->fd, resource->family, batch, (unsigned int)count));
  return number(env, advertisement_socket_send(resource->fd, resource->family, resource->link_index,
                                               batch, (unsigned int)count));
}

static napi_value receive_network(napi_env env, napi_callback_info info) {
  napi_value values[2];
  void *records;
  size_t size;
  struct resource *resource = open_resource(env, info, NETWORK_WATCH | NETWORK_DUMP, 2, values);
  if (resource == NULL ||
      !batch_argument(env, values[1], sizeof(struct network_record), &records, &size))
    return NULL;
  size_t capacity = size / sizeof(struct network_record);
  return number(
      env, netlink_read(resource->reader, records, capacity > INT_MAX ? INT_MAX : (int)capacity));
}

static napi_value arm(napi_env env, napi_callback_info info) {
  napi_value values[2];
  double at;
  struct resource *resource = open_resource(env, info, DEADLINE_TIMER, 2, values);
  if (resource == NULL) return NULL;
  if (napi_get_value_double(env, values[1], &at) == napi_ok)
    return number(env, deadline_timer_arm(resource->fd, at));
  napi_throw_type_error(env, NULL, "a number expected");
  return NULL;
}

static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value values[1];
  struct resource *resource = NULL;
  if (arguments(env, info, 1, values)) resource = resource_argument(env, values[0], ~0U);
  if (resource == NULL || resource->fd < 0) return NULL;
  close_resource(resource);
  if (resource->callback != NULL) napi_delete_reference(env, resource->callback);
  if (resource->memory != NULL) napi_delete_reference(env, resource->memory);
  for (int place = 0; place < 2; place += 1)
    if (resource->shared[place] != NULL) napi_delete_reference(env, resource->shared[place]);
  napi_delete_reference(env, resource->self);
  return NULL;
}

static napi_value lock_file(napi_env env, napi_callback_info info) {
  napi_value values[1], nothing = NULL;
  char path[PATH_MAX];
  const char *call;
  if (!arguments(env, info, 1, values) || !text_argument(env, values[0], path, sizeof path))
    return NULL;
  int fd = service_lock(path, &call);
  if (fd >= 0) return hand_over_fd(env, FILE_LOCK, fd, NULL);
  if (fd != -EWOULDBLOCK) return throw_errno(env, fd, call);
  return napi_get_null(env, &nothing) == napi_ok ? nothing : NULL; /* somebody else holds it */
}

static napi_value open_datagram_socket(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int family, port;
  const char *call;
  if (!arguments(env, info, 3, values) || !int_argument(env, values[0], 4, 6, &family) ||
      !int_argument(env, values[1], 0, UINT16_MAX, &port))
    return NULL;
  family = family == 4 ? AF_INET : AF_INET6;
  int fd = datagram_socket_open(family, (uint16_t)port, &call);
  if (fd < 0) return throw_errno(env, fd, call);
  struct resource *resource = new_resource(env, DATAGRAM_SOCKET, fd);
  if (resource == NULL) return NULL;
  resource->family = family;
  return hand_over(env, resource, values[2]);
}

/* A socket, where it receives, the memory of its port, and for how many peers and paths that is; once. */
static napi_value confirm(napi_env env, napi_callback_info info) {
  napi_value values[5];
  int peers, paths;
  void *arrived, *room;
  size_t size;
  struct resource *resource = open_resource(env, info, DATAGRAM_SOCKET, 5, values);
  if (resource == NULL || resource->confirmer != NULL ||
      !int_argument(env, values[3], 0, UINT16_MAX, &peers) ||
      !int_argument(env, values[4], 0, UINT16_MAX, &paths) ||
      !batch_argument(env, values[1], sizeof(struct datagram_room), &arrived, &size) ||
      !batch_argument(env, values[2], peer_room_size((unsigned int)peers, (unsigned int)paths),
                      &room, &size))
    return NULL;
  struct confirmer *confirmer = calloc(1, sizeof *confirmer);
  if (confirmer == NULL) return throw_errno(env, -ENOMEM, "calloc");
  *confirmer = (struct confirmer){
      .arrived = arrived, .room = room, .peers = (unsigned int)peers, .paths = (unsigned int)paths};
  if (napi_create_reference(env, values[1], 1, &resource->shared[0]) == napi_ok &&
      napi_create_reference(env, values[2], 1, &resource->shared[1]) == napi_ok)
    resource->confirmer = confirmer;
  else
    free(confirmer);
  return NULL;
}

/* A socket, a place, and the key that stands there from now on; null for none. */
static napi_value use_key(napi_env env, napi_callback_info info) {
  napi_value values[3];
  napi_valuetype type = napi_undefined;
  int place;
  struct resource *resource = open_resource(env, info, DATAGRAM_SOCKET, 3, values), *key = NULL;
  if (resource == NULL || !int_argument(env, values[1], 0, CONFIRMATION_KEYS - 1, &place))
    return NULL;
  if (napi_typeof(env, values[2], &type) != napi_ok || type != napi_null) {
    key = resource_argument(env, values[2], MESSAGE_KEY);
    if (key == NULL) return NULL;
    key->holders += 1;
  }
  if (resource->keys[place] != NULL) drop_holder(resource->keys[place]);
  resource->keys[place] = key;
  if (resource->confirmer != NULL) resource->confirmer->keys[place] = key == NULL ? NULL : key->key;
  return NULL;
}

/* The sockets of a port, of IPv4 and IPv6, null for none, each after `confirm`; and who is called for what is not
 * ordinary. */
static napi_value open_checks(napi_env env, napi_callback_info info) {
  napi_value values[3];
  napi_valuetype type = napi_undefined;
  struct resource *sides[SIDES] = {NULL, NULL};
  const char *call;
  if (!arguments(env, info, 3, values)) return NULL;
  for (int side = 0; side < SIDES; side += 1) {
    if (napi_typeof(env, values[side], &type) == napi_ok && type == napi_null) continue;
    sides[side] = resource_argument(env, values[side], DATAGRAM_SOCKET);
    if (sides[side] == NULL) return NULL;
    if (sides[side]->confirmer != NULL && sides[side]->checks == NULL) continue;
    napi_throw_error(env, NULL, "a socket that confirms, and has no checks yet, expected");
    return NULL;
  }
  int fd = deadline_timer_open(&call);
  if (fd < 0) return throw_errno(env, fd, call);
  struct resource *resource = new_resource(env, CHECK_TIMER, fd);
  if (resource == NULL) return NULL;
  resource->checker = malloc(sizeof *resource->checker);
  if (resource->checker == NULL) {
    close_resource(resource);
    drop_holder(resource);
    return throw_errno(env, -ENOMEM, "malloc");
  }
  checks_begin(resource->checker, fd);
  for (int side = 0; side < SIDES; side += 1) {
    if (sides[side] == NULL) continue;
    resource->sides[side] = sides[side];
    resource->checker->sides[side] = sides[side]->confirmer;
    sides[side]->holders += 1;
    sides[side]->checks = resource;
  }
  return hand_over(env, resource, values[2]);
}

static napi_value arm_checks(napi_env env, napi_callback_info info) {
  napi_value values[1];
  struct resource *resource = open_resource(env, info, CHECK_TIMER, 1, values);
  if (resource != NULL && has_sockets(resource)) checks_arm(resource->checker);
  return NULL;
}

/* null when the process has nothing to make one with. */
static napi_value open_key(napi_env env, napi_callback_info info) {
  napi_value values[1], nothing = NULL;
  void *secret;
  size_t size;
  if (!arguments(env, info, 1, values) || !batch_argument(env, values[0], 1, &secret, &size))
    return NULL;
  struct resource *resource = new_resource(env, MESSAGE_KEY, -1);
  if (resource == NULL) return NULL;
  resource->key = message_key_new(secret, size);
  if (resource->key != NULL) return hand_over(env, resource, NULL);
  drop_holder(resource);
  return napi_get_null(env, &nothing) == napi_ok ? nothing : NULL;
}

/* A key, a batch, where the text begins, where its MAC begins, and whether that is to be verified or written. */
static napi_value mac(napi_env env, napi_callback_info info) {
  napi_value values[5];
  void *batch;
  size_t size;
  int from, to;
  bool verify = true;
  if (!arguments(env, info, 5, values)) return NULL;
  struct resource *resource = resource_argument(env, values[0], MESSAGE_KEY);
  if (resource == NULL || !batch_argument(env, values[1], MESSAGE_MAC_SIZE, &batch, &size))
    return NULL;
  const size_t most = size - MESSAGE_MAC_SIZE;
  if (!int_argument(env, values[2], 0, INT_MAX, &from) ||
      !int_argument(env, values[3], from, most > INT_MAX ? INT_MAX : (int)most, &to))
    return NULL;
  napi_get_value_bool(env, values[4], &verify);
  return number(
      env, message_key_mac(resource->key, (uint8_t *)batch + from, (size_t)(to - from), verify));
}

#define FUNCTION(name, c)                                                                          \
  { name, NULL, c, NULL, NULL, NULL, napi_default_method, NULL }
NAPI_MODULE_INIT() {
  static const napi_property_descriptor functions[] = {
      FUNCTION("now", now),
      FUNCTION("suspended", suspended),
      FUNCTION("openAdvertisementSocket", open_advertisement_socket),
      FUNCTION("openAnnouncer", open_announcer),
      FUNCTION("openDatagramSocket", open_datagram_socket),
      FUNCTION("openKey", open_key),
      FUNCTION("mac", mac),
      FUNCTION("sourceTo", source_to),
      FUNCTION("openNetworkWatch", open_network_watch),
      FUNCTION("openNetworkDump", open_network_dump),
      FUNCTION("openDeadlineTimer", open_deadline_timer),
      FUNCTION("receivePackets", receive_packets),
      FUNCTION("attach", attach),
      FUNCTION("confirm", confirm),
      FUNCTION("useKey", use_key),
      FUNCTION("openChecks", open_checks),
      FUNCTION("armChecks", arm_checks),
      FUNCTION("sendBatch", send_batch),
      FUNCTION("receiveNetwork", receive_network),
      FUNCTION("membership", membership),
      FUNCTION("netlink", netlink),
      FUNCTION("arm", arm),
      FUNCTION("close", close_handle),
      FUNCTION("sendDatagram", send_datagram),
      FUNCTION("lockFile", lock_file),
      FUNCTION("peerCredentials", peer_credentials),
      FUNCTION("lease", lease),
      FUNCTION("realtime", realtime),
      FUNCTION("replaceProcess", replace_process),
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
