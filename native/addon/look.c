/* A look at the kernel's lists, if wanted in a thread of libuv. Whoever asks for the list of links waits for rtnl, the one
 * lock for all changes of the network, in all namespaces of the machine. A driver that resets its card, or the end of a
 * namespace with a thousand interfaces, holds it for long. A thread may wait; an agent that waits advertises nothing. */
#include "look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "netlink.h"

struct look {
  napi_async_work work;
  napi_ref callback;
  struct network_record *records;
  int count; /* or -errno */
};

static void take(napi_env env, void *data) {
  (void)env;
  struct look *look = data;
  look->count = netlink_take(&look->records);
}

/* The records, or -errno. NULL, and an exception is pending, when there is no memory for it. */
static napi_value found(napi_env env, const struct look *look) {
  napi_value buffer;
  void *bytes;
  if (look->count < 0) return number(env, look->count);
  const size_t size = (size_t)look->count * sizeof *look->records;
  if (napi_create_arraybuffer(env, size, &bytes, &buffer) != napi_ok) return NULL;
  if (size > 0) memcpy(bytes, look->records, size);
  return buffer;
}

napi_value list_network(napi_env env, napi_callback_info info) {
  (void)info;
  struct look look = {0};
  look.count = netlink_take(&look.records);
  napi_value result = found(env, &look);
  free(look.records);
  return result;
}

static void forget(napi_env env, struct look *look) {
  if (look->work != NULL) napi_delete_async_work(env, look->work);
  if (look->callback != NULL) napi_delete_reference(env, look->callback);
  free(look->records);
  free(look);
}

static void tell(napi_env env, napi_status status, void *data) {
  struct look *look = data;
  napi_value receiver, callback, result = NULL;
  /* Cancelled: the environment ends. */
  if (status == napi_ok && napi_get_global(env, &receiver) == napi_ok &&
      napi_get_reference_value(env, look->callback, &callback) == napi_ok)
    result = found(env, look);
  forget(env, look);
  if (result != NULL) napi_call_function(env, receiver, callback, 1, &result, NULL);
}

napi_value look_at_network(napi_env env, napi_callback_info info) {
  napi_value values[1], name;
  if (!arguments(env, info, 1, values)) return NULL;
  struct look *look = calloc(1, sizeof *look);
  if (look == NULL) return throw_errno(env, -ENOMEM, "calloc");
  if (napi_create_reference(env, values[0], 1, &look->callback) == napi_ok &&
      napi_create_string_utf8(env, "look", NAPI_AUTO_LENGTH, &name) == napi_ok &&
      napi_create_async_work(env, NULL, name, take, tell, look, &look->work) == napi_ok &&
      napi_queue_async_work(env, look->work) == napi_ok)
    return NULL;
  forget(env, look);
  return throw_errno(env, -EAGAIN, "pthread_create");
}
