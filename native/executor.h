/*
 * What the parts of the executor share. No node_api.h, no virtual routers, no policy: frames in,
 * processes run, frames out. The protocol is drawn at the top of executor.c.
 */
#ifndef UNDERSTUDY_EXECUTOR_H
#define UNDERSTUDY_EXECUTOR_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROTOCOL_VERSION 2u
#define HEADER_LENGTH 12u
#define PAYLOAD_MAX (4u << 20)
#define STREAM_MAX (64u << 10)
#define CHILDREN_MAX 64
#define QUEUE_MAX 256
#define QUEUE_BYTES_MAX (8u << 20)
#define SUCCESSORS_MAX 1024
#define LISTENERS_MAX 512
/* signalfd, stdin, stdout; three pipes a child; the listeners. Nothing of the program in waiting. */
#define POLL_MAX (3 + 3 * CHILDREN_MAX + LISTENERS_MAX)
/* A killed process is waited for at most this long: one stuck in the kernel must not stop us. */
#define KILL_GRACE_MS 1000
#define NEVER INT64_MAX

enum frame_type {
  FRAME_HELLO = 1,
  FRAME_RUN = 2,
  FRAME_RESULT = 3,
  FRAME_WILL = 4,
  FRAME_FINISH = 5,
  FRAME_REVOKED = 6,
  FRAME_STANDBY = 7,
};
enum outcome { EXITED = 0, SIGNALLED = 1, TIMED_OUT = 2, FAILED = 3 };

/* --- executor_frame.c: bytes and values, no descriptors ------------------------------------- */

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
  struct farewell *farewell;
  struct successor *successors;
  struct address *addresses; /* sorted by address_compare */
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

/* --- executor_process.c: starting one ----------------------------------------------------------- */

/* Our ends of its stdin, stdout and stderr; they do not block. */
struct process {
  pid_t pid;
  int ends[3];
};

/* 0 or errno; nothing is left open then. */
int process_start(const struct request *request, struct process *process);
/* Closes it unless it is -1, which it is afterwards. */
void close_fd(int *fd);

/* --- executor_standby.c: the program in waiting ------------------------------------------------- */

/* Takes a STANDBY payload; one in waiting is started anew. 0, -EPROTO or -ENOMEM. */
int standby_replace(struct bytes payload);
/* Hands over the one in waiting, when it is what `request` asks for and lives. */
bool standby_take(const struct request *request, struct process *process);
/* That process is gone; whether it was ours is for us to know. */
void standby_reaped(pid_t pid);
/* When standby_attend is due; `busy` while a program runs. */
int64_t standby_due(bool busy);
/* Starts one when it is time. */
void standby_attend(bool busy);
void standby_end(void);

/* --- executor_child.c: processes -------------------------------------------------------------- */

struct stream {
  int fd;
  int slot;
  struct buffer kept;
};

struct child {
  bool used;
  bool killed;
  bool timed_out;
  uint32_t id;
  pid_t pid;
  int64_t deadline;
  struct request request;
  struct stream input;
  size_t fed;
  struct stream output;
  struct stream errors;
};

/* How a child ended; `output` and `errors` are valid during the call. */
typedef void report_function(uint32_t id, enum outcome outcome, uint32_t value, const char *message,
                             struct bytes output, struct bytes errors);

/* Starts the program, or uses the one in waiting, and owns `request` from now on. A failure is
 * reported, not returned. */
void child_start(uint32_t id, struct request *request, report_function *report);
int children_running(void);
/* SIGKILL to the process group of every child. */
void children_kill(void);
/* Forgets every child: no result is reported. */
void children_abandon(void);
/* Collects whoever exited, reports it, closes its pipes. */
void children_reap(report_function *report);
/* Kills whoever is past its deadline. */
void children_expire(int64_t now, report_function *report);
int64_t children_deadline(void);
int children_poll(struct pollfd *polled, int count);
void children_serve(const struct pollfd *polled);

/* --- executor_queue.c: programs that wait for their turn ------------------------------------- */

/* Takes a RUN payload; over the bound it is reported as failed. 0, -EPROTO or -ENOMEM. */
int queue_add(uint32_t id, struct bytes payload, report_function *report);
/* Starts programs, oldest first, while there is room for another child. */
void queue_start(report_function *report);
/* Forgets whoever waits; each is reported as failed with this message, unless `report` is NULL. */
void queue_clear(const char *message, report_function *report);

/* --- executor_will.c: farewell and successors ------------------------------------------------- */

/* Opens the sending socket while we still may. Without CAP_NET_RAW there is none. */
void will_prepare(void);
/* Opens what the will needs to listen, so that nothing can fail late. */
void will_listen(const struct will *will);
/* Begins to listen, or ends it and forgets which successors were seen. */
void will_hear(struct will *will, bool open);
/* For every router but those of which the successor was seen. */
void will_say_farewell(const struct will *will);
bool will_succeeded(const struct will *will);
bool will_any_seen(const struct will *will);
int will_poll(struct pollfd *polled, int count);
void will_serve(struct will *will, const struct pollfd *polled);

/* --- executor_lease.c: the agent's signs of life, and ours ------------------------------------ */

/* Maps the memory behind the descriptor. 0 or -errno. */
int lease_map(int fd);
/* Once a turn: says that we live, and looks whether the agent does. `late_ms`: for how long we were
 * kept from running; the agent is not blamed for that time. */
void lease_turn(int64_t late_ms);
/* When the next turn is due, so that the agent sees us live; NEVER without a lease. */
int64_t lease_due(void);
/* From when on the agent is silent, in ms; NEVER when the lease is not held. Also once revoked,
 * until the agent says that it knows. */
int64_t lease_silent_since(void);
/* True when the agent was silent to this very moment: from now on it knows when it wakes. */
bool lease_revoke(void);

/* --- executor_renewal.c: the addresses' lifetime in the kernel -------------------------------- */

void renewal_prepare(void);
/* A will took the place of another; either may be NULL. */
void renewal_replace(const struct will *before, const struct will *after);
/* When renewal_attend is due; `busy` while a program of ours runs. */
int64_t renewal_due(const struct will *will, bool busy);
void renewal_attend(const struct will *will, bool busy);
/* Removes what still stands of the will's addresses, where they were put. */
void renewal_remove(const struct will *will);

/* --- executor_duty.c: what is owed for the will, in the agent's silence and after its death ---- */

/* `report` tells the agent of its programs, `revoked` that its lease lapsed. */
void duty_prepare(report_function *report, void (*revoked)(void));
/* The agent is there, and what it asks for is done. */
bool duty_serving(void);
bool duty_done(void);
/* Whether a program may be started. */
bool duty_idle(void);
/* Ends the program without a will. */
void duty_resign(void);
/* 0, -EPROTO or -ENOMEM. */
int duty_replace_will(struct bytes payload);
void duty_end_service(bool send_farewell);
/* Takes every result. Id 0 is the release program's: the agent's begin with 1. */
report_function duty_report;
int64_t duty_due(void);
int duty_poll(struct pollfd *polled, int count);
void duty_serve(const struct pollfd *polled);
/* Once a turn, after everything that is due or arrived was looked at; `now` is that of its look at
 * the lease. */
void duty_attend(int64_t now);

/* --- executor.c -------------------------------------------------------------------------------- */

/* One line on stderr; never blocks. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* CLOCK_MONOTONIC in milliseconds. */
int64_t now_ms(void);

#endif
