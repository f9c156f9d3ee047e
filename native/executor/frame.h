/*
 * Frames and payloads between agent and executor: bytes and values. No descriptor, no process.
 *
 * Each direction carries frames; every integer is in network byte order:
 *
 *     0               1               2               3
 *    +---------------+---------------+---------------+---------------+
 *    |                  Payload length, at most 4 MiB                |
 *    +---------------+---------------+---------------+---------------+
 *    |     Type      |                 zero                          |
 *    +---------------+---------------+---------------+---------------+
 *    |         Id: of a RUN and its RESULT, from 1; else 0           |
 *    +---------------+---------------+---------------+---------------+
 *    |  Payload ...
 *
 *    u8, u16, u32   an integer           bytes   u32 length, then that many bytes
 *    text           bytes that end with the only NUL among them
 *
 *    HELLO  1  both    u32 protocol version; the executor's carries also: bytes package version.
 *                      The agent's comes first. On another version the executor answers and exits.
 *    RUN    2  agent   program: u32 timeout in ms, u16 arguments, u16 additions,
 *                      text each argument, text each NAME=value, bytes stdin
 *    RESULT 3  exec.   u8 0 exited 1 signalled 2 timed out 3 failed, 3 zero bytes,
 *                      u32 exit code, signal or errno; bytes message, bytes stdout, bytes stderr
 *    WILL   4  agent   empty: no will. Else u32 keep at most ms, u32 listen after ms of silence,
 *                      u32 farewell after ms, u32 kill after ms (0: no lease),
 *                      u32 lifetime of the addresses in s (0: for ever),
 *                      u16 farewells, u16 successors, u16 addresses, u16 settings,
 *                      each farewell: u32 link index, bytes Ethernet frame;
 *                      each successor: u32 link index, u8 family 4 or 6, u8 VRID, u16 zero;
 *                      each address: u32 link index, u8 family, u8 prefix length, u16 zero,
 *                      16 bytes, of an IPv4 address the first 4;
 *                      each setting: bytes netlink message, sent when the release program has ended;
 *                      the release program, as in RUN
 *    FINISH 5  agent   u32 1 when the farewell was already sent, else 0
 *    REVOKED 6 exec.   empty: the lease lapsed, the addresses go
 *    STANDBY 7 agent   empty: none. Else a program as in RUN, with no stdin and any timeout: kept
 *                      started and waiting for its stdin. A RUN of the same arguments and additions,
 *                      or such a release program, is given to it; then another is started.
 *    UNTIL  8  agent   u32 high, u32 low: CLOCK_BOOTTIME in ms until when the addresses of the will may
 *                      stand, whoever lives; it is put off again and again. 0: for ever
 */
#ifndef UNDERSTUDY_EXECUTOR_FRAME_H
#define UNDERSTUDY_EXECUTOR_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL_VERSION 3u
#define HEADER_LENGTH 12u
#define PAYLOAD_MAX (4u << 20)
#define SUCCESSORS_MAX 1024
/* Kept of what a program writes to its stdout, and of its stderr; the rest is dropped. */
#define STREAM_MAX (64u << 10)

enum frame_type {
  FRAME_HELLO = 1,
  FRAME_RUN = 2,
  FRAME_RESULT = 3,
  FRAME_WILL = 4,
  FRAME_FINISH = 5,
  FRAME_REVOKED = 6,
  FRAME_STANDBY = 7,
  FRAME_UNTIL = 8,
};
enum outcome { EXITED = 0, SIGNALLED = 1, TIMED_OUT = 2, FAILED = 3 };

struct bytes {
  const uint8_t *at;
  size_t length;
};

/* Growing bytes with a read position. */
struct buffer {
  uint8_t *bytes;
  size_t start;
  size_t end;
  size_t capacity;
};

/* Reads a payload from front to back. One short or wrong field breaks it for good. */
struct cursor {
  const uint8_t *at;
  const uint8_t *end;
  bool broken;
};

struct frame {
  uint8_t type;
  uint32_t id;
  struct bytes payload;
};

/* A program to run. Everything points into `memory`, which it owns. */
struct request {
  uint8_t *memory;
  size_t size;
  char **argv;
  char **additions;
  struct bytes input;
  uint32_t timeout_ms;
  bool steadfast; /* goes on when the service manager ends the whole control group */
};

struct farewell {
  uint32_t link;
  struct bytes frame;
};

struct successor {
  uint32_t link;
  uint8_t family;
  uint8_t vrid;
  bool seen;
};

/* Compared byte by byte, so there is no padding; an IPv4 address is followed by zeros. */
struct address {
  uint32_t link;
  uint8_t family;
  uint8_t prefix_length;
  uint8_t zero[2];
  uint8_t bytes[16];
};

struct will {
  uint32_t keep_ms;
  /* Of the agent's silence, from its last sign of life; kill_after_ms is 0 when there is no lease. */
  uint32_t listen_after_ms;
  uint32_t farewell_after_ms;
  uint32_t kill_after_ms;
  /* Of the addresses in the kernel; 0: for ever. */
  uint32_t lifetime_s;
  uint16_t farewell_count;
  uint16_t successor_count;
  uint16_t address_count;
  uint16_t setting_count;
  struct farewell *farewell;
  struct successor *successors;
  struct address *addresses; /* sorted by address_compare */
  bool *announced; /* of each of these: another router has */
  struct bytes *settings; /* whole netlink messages */
  struct request release;
};

/* Makes room for `more` bytes behind the end. 0 or -ENOMEM. */
int buffer_reserve(struct buffer *buffer, size_t more);
int buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_consume(struct buffer *buffer, size_t length);
size_t buffer_length(const struct buffer *buffer);

/* The next whole frame in `buffer`: 1 and `*frame`, 0 when more bytes are needed, -EPROTO. */
int frame_next(const struct buffer *buffer, struct frame *frame);
int frame_hello(struct buffer *out, uint32_t id);
int frame_result(struct buffer *out, uint32_t id, enum outcome outcome, uint32_t value,
                 const char *message, struct bytes output, struct bytes errors);
int frame_revoked(struct buffer *out);
int address_compare(const void *one, const void *other);

uint32_t take_u32(struct cursor *cursor);
bool cursor_at_end(const struct cursor *cursor);

/* Both copy `payload`. 0, -EPROTO when it is malformed, or -ENOMEM; nothing to free then. */
int request_parse(struct bytes payload, struct request *request);
int will_parse(struct bytes payload, struct will **will);
void request_free(struct request *request);
void will_free(struct will *will);

#endif
