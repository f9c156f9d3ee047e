/*
 * Frames and payloads of the executor's protocol: bytes and values. No descriptor is touched, no
 * process known. Every length is checked before it is used: what a broken agent sends must not
 * break the one who holds its last will.
 */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef UNDERSTUDY_VERSION
#define UNDERSTUDY_VERSION "unknown"
#endif

int buffer_reserve(struct buffer *buffer, size_t more) {
  if (buffer->start > 0 && buffer->start == buffer->end) buffer->start = buffer->end = 0;
  if (buffer->capacity - buffer->end >= more) return 0;
  size_t used = buffer->end - buffer->start;
  if (buffer->start > 0) {
    memmove(buffer->bytes, buffer->bytes + buffer->start, used);
    buffer->start = 0;
    buffer->end = used;
  }
  if (buffer->capacity - used >= more) return 0;
  size_t wanted = buffer->capacity * 2 > used + more ? buffer->capacity * 2 : used + more;
  uint8_t *grown = realloc(buffer->bytes, wanted);
  if (grown == NULL) return -ENOMEM;
  buffer->bytes = grown;
  buffer->capacity = wanted;
  return 0;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
  if (length == 0) return 0;
  int error = buffer_reserve(buffer, length);
  if (error != 0) return error;
  memcpy(buffer->bytes + buffer->end, bytes, length);
  buffer->end += length;
  return 0;
}

/* One large frame must not cost its memory for ever: an empty buffer that grew is given back. */
void buffer_consume(struct buffer *buffer, size_t length) {
  buffer->start += length;
  if (buffer->start == buffer->end && buffer->capacity > STREAM_MAX) {
    free(buffer->bytes);
    *buffer = (struct buffer){0};
  }
}

size_t buffer_length(const struct buffer *buffer) {
  return buffer->end - buffer->start;
}

/* --- reading ---------------------------------------------------------------------------------- */

static uint32_t load_u32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static void store_u32(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 24);
  at[1] = (uint8_t)(value >> 16);
  at[2] = (uint8_t)(value >> 8);
  at[3] = (uint8_t)value;
}

static const uint8_t *take(struct cursor *cursor, size_t length) {
  if (cursor->broken || (size_t)(cursor->end - cursor->at) < length) {
    cursor->broken = true;
    return NULL;
  }
  const uint8_t *at = cursor->at;
  cursor->at += length;
  return at;
}

uint32_t take_u32(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 4);
  return at == NULL ? 0 : load_u32(at);
}

static uint16_t take_u16(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 2);
  return at == NULL ? 0 : (uint16_t)(at[0] << 8 | at[1]);
}

static uint8_t take_u8(struct cursor *cursor) {
  const uint8_t *at = take(cursor, 1);
  return at == NULL ? 0 : at[0];
}

static struct bytes take_bytes(struct cursor *cursor) {
  uint32_t length = take_u32(cursor);
  const uint8_t *at = take(cursor, length);
  return at == NULL ? (struct bytes){NULL, 0} : (struct bytes){at, length};
}

/* Text carries its NUL, so that it can be used where it lies; it must be the only one. */
static char *take_text(struct cursor *cursor) {
  struct bytes text = take_bytes(cursor);
  if (cursor->broken || text.length == 0 ||
      memchr(text.at, 0, text.length) != text.at + text.length - 1) {
    cursor->broken = true;
    return NULL;
  }
  return (char *)(uintptr_t)text.at; /* points into a copy that we own */
}

bool cursor_at_end(const struct cursor *cursor) {
  return !cursor->broken && cursor->at == cursor->end;
}

int frame_next(const struct buffer *buffer, struct frame *frame) {
  if (buffer_length(buffer) < HEADER_LENGTH) return 0;
  const uint8_t *at = buffer->bytes + buffer->start;
  uint32_t length = load_u32(at);
  if (length > PAYLOAD_MAX || at[5] != 0 || at[6] != 0 || at[7] != 0) return -EPROTO;
  frame->type = at[4];
  frame->id = load_u32(at + 8);
  frame->payload = (struct bytes){at + HEADER_LENGTH, length};
  return buffer_length(buffer) >= HEADER_LENGTH + length ? 1 : 0;
}

/* Reads a program from `cursor`, which walks through `request->memory`. */
static void take_request(struct cursor *cursor, struct request *request) {
  request->timeout_ms = take_u32(cursor);
  size_t arguments = take_u16(cursor);
  size_t additions = take_u16(cursor);
  /* Counts that cannot be are refused before memory is taken for them: a text has 5 bytes at least. */
  if (cursor->broken || arguments == 0 ||
      (size_t)(cursor->end - cursor->at) < (arguments + additions) * 5) {
    cursor->broken = true;
    return;
  }
  request->argv = calloc(arguments + additions + 2, sizeof(char *));
  if (request->argv == NULL) {
    cursor->broken = true;
    return;
  }
  request->additions = request->argv + arguments + 1;
  for (size_t i = 0; i < arguments; i += 1) request->argv[i] = take_text(cursor);
  for (size_t i = 0; i < additions; i += 1) {
    char *addition = request->additions[i] = take_text(cursor);
    if (addition == NULL || addition[0] == '=' || strchr(addition, '=') == NULL)
      cursor->broken = true;
  }
  request->input = take_bytes(cursor);
}

static int request_copy(struct bytes payload, struct request *request, struct cursor *cursor) {
  *request = (struct request){0};
  request->memory = malloc(payload.length + 1);
  if (request->memory == NULL) return -ENOMEM;
  memcpy(request->memory, payload.at, payload.length);
  request->size = payload.length;
  *cursor = (struct cursor){request->memory, request->memory + payload.length, false};
  return 0;
}

int request_parse(struct bytes payload, struct request *request) {
  struct cursor cursor;
  int error = request_copy(payload, request, &cursor);
  if (error != 0) return error;
  take_request(&cursor, request);
  if (cursor_at_end(&cursor)) return 0;
  request_free(request);
  return -EPROTO;
}

void request_free(struct request *request) {
  free(request->argv);
  free(request->memory);
  *request = (struct request){0};
}

static void take_successor(struct cursor *cursor, struct successor *successor) {
  successor->link = take_u32(cursor);
  successor->family = take_u8(cursor);
  successor->vrid = take_u8(cursor);
  successor->seen = false;
  if (take_u16(cursor) != 0 || successor->vrid == 0 ||
      (successor->family != 4 && successor->family != 6))
    cursor->broken = true;
}

static void take_address(struct cursor *cursor, struct address *address) {
  *address = (struct address){.link = take_u32(cursor)};
  address->family = take_u8(cursor);
  address->prefix_length = take_u8(cursor);
  uint16_t zero = take_u16(cursor);
  const uint8_t *bytes = take(cursor, sizeof address->bytes);
  if (bytes == NULL || zero != 0 || (address->family != 4 && address->family != 6) ||
      address->prefix_length > (address->family == 4 ? 32 : 128)) {
    cursor->broken = true;
    return;
  }
  memcpy(address->bytes, bytes, address->family == 4 ? 4 : 16);
}

int address_compare(const void *one, const void *other) {
  return memcmp(one, other, sizeof(struct address));
}

/* Here too counts that cannot be are refused first. */
static void take_counts(struct cursor *cursor, struct will *will) {
  will->farewell_count = take_u16(cursor);
  will->successor_count = take_u16(cursor);
  will->address_count = take_u16(cursor);
  will->setting_count = take_u16(cursor);
  if (will->successor_count > SUCCESSORS_MAX ||
      (size_t)(cursor->end - cursor->at) < will->farewell_count * (size_t)8 +
                                               will->address_count * (size_t)24 +
                                               will->setting_count * (size_t)4) {
    cursor->broken = true;
    return;
  }
  will->farewell = calloc(will->farewell_count + (size_t)1, sizeof(struct farewell));
  will->successors = calloc(will->successor_count + (size_t)1, sizeof(struct successor));
  will->addresses = calloc(will->address_count + (size_t)1, sizeof(struct address));
  will->announced = calloc(will->address_count + (size_t)1, sizeof(bool));
  will->settings = calloc(will->setting_count + (size_t)1, sizeof(struct bytes));
  if (will->farewell == NULL || will->successors == NULL || will->addresses == NULL ||
      will->announced == NULL || will->settings == NULL)
    cursor->broken = true;
}

static void take_will(struct cursor *cursor, struct will *will) {
  will->keep_ms = take_u32(cursor);
  will->listen_after_ms = take_u32(cursor);
  will->farewell_after_ms = take_u32(cursor);
  will->kill_after_ms = take_u32(cursor);
  will->lifetime_s = take_u32(cursor);
  take_counts(cursor, will);
  if (cursor->broken) return;
  for (size_t i = 0; i < will->farewell_count; i += 1) {
    will->farewell[i].link = take_u32(cursor);
    will->farewell[i].frame = take_bytes(cursor);
  }
  for (size_t i = 0; i < will->successor_count; i += 1)
    take_successor(cursor, &will->successors[i]);
  for (size_t i = 0; i < will->address_count; i += 1) take_address(cursor, &will->addresses[i]);
  qsort(will->addresses, will->address_count, sizeof(struct address), address_compare);
  for (size_t i = 0; i < will->setting_count; i += 1) will->settings[i] = take_bytes(cursor);
  take_request(cursor, &will->release);
}

int will_parse(struct bytes payload, struct will **result) {
  struct will *will = calloc(1, sizeof *will);
  struct cursor cursor;
  if (will == NULL || request_copy(payload, &will->release, &cursor) != 0) {
    free(will);
    return -ENOMEM;
  }
  take_will(&cursor, will);
  if (!cursor_at_end(&cursor)) {
    will_free(will);
    return -EPROTO;
  }
  *result = will;
  return 0;
}

void will_free(struct will *will) {
  if (will == NULL) return;
  free(will->farewell);
  free(will->successors);
  free(will->addresses);
  free(will->announced);
  free(will->settings);
  request_free(&will->release);
  free(will);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int append_header(struct buffer *out, enum frame_type type, uint32_t id, size_t length) {
  uint8_t header[HEADER_LENGTH] = {0};
  store_u32(header, (uint32_t)length);
  header[4] = (uint8_t)type;
  store_u32(header + 8, id);
  int error = buffer_reserve(out, HEADER_LENGTH + length);
  return error != 0 ? error : buffer_append(out, header, sizeof header);
}

static int append_bytes(struct buffer *out, struct bytes bytes) {
  uint8_t length[4];
  store_u32(length, (uint32_t)bytes.length);
  int error = buffer_append(out, length, sizeof length);
  return error != 0 ? error : buffer_append(out, bytes.at, bytes.length);
}

int frame_hello(struct buffer *out, uint32_t id) {
  struct bytes version = {(const uint8_t *)UNDERSTUDY_VERSION, sizeof UNDERSTUDY_VERSION - 1};
  uint8_t protocol[4];
  store_u32(protocol, PROTOCOL_VERSION);
  int error = append_header(out, FRAME_HELLO, id, 8 + version.length);
  if (error == 0) error = buffer_append(out, protocol, sizeof protocol);
  return error != 0 ? error : append_bytes(out, version);
}

int frame_result(struct buffer *out, uint32_t id, enum outcome outcome, uint32_t value,
                 const char *message, struct bytes output, struct bytes errors) {
  struct bytes text = {(const uint8_t *)message, strlen(message)};
  uint8_t fixed[8] = {(uint8_t)outcome};
  store_u32(fixed + 4, value);
  size_t length = sizeof fixed + 12 + text.length + output.length + errors.length;
  /* The header reserves room for all of it: nothing behind it can fail. */
  int error = append_header(out, FRAME_RESULT, id, length);
  if (error != 0) return error;
  (void)buffer_append(out, fixed, sizeof fixed);
  (void)append_bytes(out, text);
  (void)append_bytes(out, output);
  (void)append_bytes(out, errors);
  return 0;
}

int frame_revoked(struct buffer *out) {
  return append_header(out, FRAME_REVOKED, 0, 0);
}
