/* Calls that need no open descriptor of ours. What a number means is said in src/kernel. */
#include "requests.h"

#include <limits.h>
#include <sys/socket.h>

#include "datagram_socket.h"
#include "deadline_timer.h"
#include "lease.h"
#include "netlink.h"
#include "packet_socket.h"
#include "realtime.h"
#include "service.h"

napi_value now(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, monotonic_microseconds());
}

napi_value suspended(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, suspended_microseconds());
}

/* No resource: the memory is never waited for, and lease.c knows it by its descriptor. */
napi_value lease(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int fd, question;
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], -1, INT_MAX, &fd) ||
      !int_argument(env, values[1], 0, LEASE_STEP, &question))
    return NULL;
  return number(env, lease_ask(fd, (enum lease_question)question));
}

/* One netlink message, to be carried out at once. */
napi_value netlink(napi_env env, napi_callback_info info) {
  return of_batch(env, info, netlink_request);
}

napi_value membership(napi_env env, napi_callback_info info) {
  return of_batch(env, info, membership_open);
}

/* The address of a unix socket, and the bytes of one datagram. */
napi_value send_datagram(napi_env env, napi_callback_info info) {
  napi_value values[2];
  char address[256];
  void *batch;
  size_t size;
  if (!arguments(env, info, 2, values) || !text_argument(env, values[0], address, sizeof address) ||
      !batch_argument(env, values[1], 1, &batch, &size))
    return NULL;
  return number(env, service_send(address, batch, size));
}

/* A unix socket, and where to put struct ucred: pid, uid, gid. */
napi_value peer_credentials(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int fd;
  void *batch;
  size_t size;
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], 0, INT_MAX, &fd) ||
      !batch_argument(env, values[1], sizeof(struct ucred), &batch, &size))
    return NULL;
  return number(env, service_peer(fd, batch));
}

/* What is asked for, and a value; see realtime.h. */
napi_value realtime(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int request, value;
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], 0, INT_MAX, &request) ||
      !int_argument(env, values[1], 0, INT_MAX, &value))
    return NULL;
  return number(env, realtime_request((enum realtime_request)request, value));
}

napi_value replace_process(napi_env env, napi_callback_info info) {
  return of_batch(env, info, process_replace);
}

/* A family, and the addresses with the name of an interface behind them. */
napi_value source_to(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int family;
  void *batch;
  size_t size;
  if (!arguments(env, info, 2, values) || !int_argument(env, values[0], 4, 6, &family) ||
      !batch_argument(env, values[1], sizeof(struct datagram_addresses), &batch, &size))
    return NULL;
  return number(env, datagram_source_to(family == 4 ? AF_INET : AF_INET6, batch, size));
}
