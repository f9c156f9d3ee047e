/* Who is called when a descriptor is readable, and what has to be gone before its memory is. */
#include "resource.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "deadline_timer.h"
#include "packet_socket.h"
#include "service.h"

/* For so long a socket is not looked at after packets that only repeated what is known, unless JavaScript does. */
enum { PAUSE_MS = 2 };

static const napi_type_tag resource_tag = {0x7c1e0f5b9a3d4e26, 0xb8d21f6a40c7953e};

void drop_holder(struct resource *resource) {
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

void close_resource(struct resource *resource) {
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

bool has_sockets(struct resource *resource) {
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

struct resource *new_resource(napi_env env, enum kind kind, int fd) {
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

napi_value hand_over(napi_env env, struct resource *resource, napi_value callback) {
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

struct resource *resource_argument(napi_env env, napi_value value, unsigned int kinds) {
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

struct resource *open_resource(napi_env env, napi_callback_info info, unsigned int kinds,
                               size_t count, napi_value *values) {
  if (!arguments(env, info, count, values)) return NULL;
  struct resource *resource = resource_argument(env, values[0], kinds);
  if (resource == NULL || resource->fd >= 0) return resource;
  napi_throw_error(env, "EBADF", "used after close: open a new one");
  return NULL;
}
