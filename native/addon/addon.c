/* The Node-API face of the C files beside it: what JavaScript calls, where it takes a descriptor (requests.c has the
 * others). No policy; what a number means is said in src/kernel, the types in src/kernel/addon.ts. */
#include <errno.h>
#include <limits.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datagram_socket.h"
#include "deadline_timer.h"
#include "look.h"
#include "message_key.h"
#include "netlink.h"
#include "packet_socket.h"
#include "requests.h"
#include "resource.h"
#include "service.h"

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

static napi_value open_network_watch(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int buffer, result = -ENOMEM;
  const char *call = "calloc";
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], 0, INT_MAX, &buffer))
    return NULL;
  struct resource *resource = new_resource(env, NETWORK_WATCH, -1);
  if (resource == NULL) return NULL;
  resource->reader = calloc(1, sizeof *resource->reader);
  if (resource->reader != NULL) result = netlink_open_watch(resource->reader, buffer, &call);
  if (result < 0) {
    drop_holder(resource);
    return throw_errno(env, result, call);
  }
  resource->fd = resource->reader->fd;
  return hand_over(env, resource, values[1]);
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
  napi_value values[4];
  int count;
  double not_after;
  void *batch;
  size_t size;
  struct resource *resource =
      open_resource(env, info, ADVERTISEMENT_SOCKET | ANNOUNCER | DATAGRAM_SOCKET, 4, values);
  if (resource == NULL || !batch_argument(env, values[1], 0, &batch, &size) ||
      !int_argument(env, values[2], 0, INT_MAX, &count) ||
      !double_argument(env, values[3], &not_after))
    return NULL;
  if (!outgoing_batch_is_sound(batch, size, (unsigned int)count)) {
    napi_throw_range_error(env, NULL, "a record of the batch lies or points outside it");
    return NULL;
  }
  if (resource->kind == ANNOUNCER)
    return number(env, announcer_send(resource->fd, batch, (unsigned int)count, not_after));
  if (resource->kind == DATAGRAM_SOCKET)
    return number(env,
                  datagram_socket_send(resource->fd, resource->family, batch, (unsigned int)count));
  return number(env, advertisement_socket_send(resource->fd, resource->family, resource->link_index,
                                               batch, (unsigned int)count, not_after));
}

static napi_value receive_network(napi_env env, napi_callback_info info) {
  napi_value values[2];
  void *records;
  size_t size;
  struct resource *resource = open_resource(env, info, NETWORK_WATCH, 2, values);
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
  if (resource == NULL || !double_argument(env, values[1], &at)) return NULL;
  return number(env, deadline_timer_arm(resource->fd, at));
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
      FUNCTION("listNetwork", list_network),
      FUNCTION("lookAtNetwork", look_at_network),
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
