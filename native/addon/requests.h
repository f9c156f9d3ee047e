/* Node-API: calls that need no open descriptor of ours; see src/kernel/addon.ts for the types. */
#ifndef UNDERSTUDY_REQUESTS_H
#define UNDERSTUDY_REQUESTS_H

#include "arguments.h"

napi_value now(napi_env env, napi_callback_info info);
napi_value suspended(napi_env env, napi_callback_info info);
napi_value lease(napi_env env, napi_callback_info info);
napi_value netlink(napi_env env, napi_callback_info info);
napi_value membership(napi_env env, napi_callback_info info);
napi_value send_datagram(napi_env env, napi_callback_info info);
napi_value peer_credentials(napi_env env, napi_callback_info info);
napi_value realtime(napi_env env, napi_callback_info info);
napi_value replace_process(napi_env env, napi_callback_info info);
napi_value source_to(napi_env env, napi_callback_info info);

#endif
