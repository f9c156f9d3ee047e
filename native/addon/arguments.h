/* Node-API: arguments in, numbers and errors out. Whoever gets false, or NULL, has thrown. */
#ifndef UNDERSTUDY_ARGUMENTS_H
#define UNDERSTUDY_ARGUMENTS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

/* Throws what `call` failed with, an -errno. NULL. */
napi_value throw_errno(napi_env env, int error, const char *call);

napi_value number(napi_env env, double value);

/* Reads exactly `count` arguments, or throws. */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);

bool int_argument(napi_env env, napi_value value, int least, int most, int *result);

bool double_argument(napi_env env, napi_value value, double *result);

/* `size` counts the terminator. A text that does not fit, or holds a zero byte, is refused. */
bool text_argument(napi_env env, napi_value value, char *text, size_t size);

/* An ArrayBuffer of at least `least` bytes. */
bool batch_argument(napi_env env, napi_value value, size_t least, void **batch, size_t *size);

/* For what takes one batch and answers a number. */
napi_value of_batch(napi_env env, napi_callback_info info, int (*answer)(void *, size_t));

#endif
