/* Node-API: arguments in, numbers and errors out. What they mean is said by who asks. */
#include "arguments.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

napi_value throw_errno(napi_env env, int error, const char *call) {
  char message[160];
  napi_value code, text, call_name, exception;
  snprintf(message, sizeof message, "%s: %s", call, strerror(-error));
  if (napi_create_string_utf8(env, uv_err_name(error), NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text) == napi_ok &&
      napi_create_string_utf8(env, call, NAPI_AUTO_LENGTH, &call_name) == napi_ok &&
      napi_create_error(env, code, text, &exception) == napi_ok &&
      napi_set_named_property(env, exception, "syscall", call_name) == napi_ok)
    napi_throw(env, exception);
  return NULL;
}

napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  return napi_create_double(env, value, &result) == napi_ok ? result : NULL;
}

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values) {
  size_t found = count;
  if (napi_get_cb_info(env, info, &found, values, NULL, NULL) == napi_ok && found >= count)
    return true;
  napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

bool int_argument(napi_env env, napi_value value, int least, int most, int *result) {
  if (napi_get_value_int32(env, value, result) == napi_ok && *result >= least && *result <= most)
    return true;
  napi_throw_range_error(env, NULL, "a number within its limits expected");
  return false;
}

bool double_argument(napi_env env, napi_value value, double *result) {
  if (napi_get_value_double(env, value, result) == napi_ok) return true;
  napi_throw_type_error(env, NULL, "a number expected");
  return false;
}

bool text_argument(napi_env env, napi_value value, char *text, size_t size) {
  size_t whole, length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &whole) != napi_ok ||
      napi_get_value_string_utf8(env, value, text, size, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string expected");
    return false;
  }
  if (whole == length && strlen(text) == whole) return true;
  napi_throw_range_error(env, NULL, "the string is too long or holds a zero byte");
  return false;
}

bool batch_argument(napi_env env, napi_value value, size_t least, void **batch, size_t *size) {
  if (napi_get_arraybuffer_info(env, value, batch, size) == napi_ok && *size >= least) return true;
  napi_throw_range_error(env, NULL, "an ArrayBuffer of the right size expected");
  return false;
}

napi_value of_batch(napi_env env, napi_callback_info info, int (*answer)(void *, size_t)) {
  napi_value values[1];
  void *batch;
  size_t size;
  if (!arguments(env, info, 1, values) || !batch_argument(env, values[0], 1, &batch, &size))
    return NULL;
  return number(env, answer(batch, size));
}
