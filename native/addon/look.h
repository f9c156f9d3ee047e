/* Node-API: the kernel's lists of links and addresses, read without letting JavaScript wait. */
#ifndef UNDERSTUDY_LOOK_H
#define UNDERSTUDY_LOOK_H

#include <node_api.h>

/* Reads them in a thread, and calls the function it is given: with the records as an ArrayBuffer, or with -errno. */
napi_value look_at_network(napi_env env, napi_callback_info info);

#endif
