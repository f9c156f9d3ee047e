/* Node-API: the kernel's lists of links and addresses, read at once or without letting JavaScript wait. */
#ifndef UNDERSTUDY_LOOK_H
#define UNDERSTUDY_LOOK_H

#include <node_api.h>

/* Reads them now: the records as an ArrayBuffer, or -errno. */
napi_value list_network(napi_env env, napi_callback_info info);

/* Reads them in a thread, and calls the function it is given: with what `list_network` answers. */
napi_value look_at_network(napi_env env, napi_callback_info info);

#endif
