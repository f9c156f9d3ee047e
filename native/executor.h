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

#define PROTOCOL_VERSION 1u
#define HEADER_LENGTH 12u
#define PAYLOAD_MAX (4u << 20)
#define STREAM_MAX (64u << 10)
#define CHILDREN_MAX 64
#define QUEUE_MAX 256
#define QUEUE_BYTES_MAX (8u << 20)
#define SUCCESSORS_MAX 1024
#define LISTENERS_MAX 512
/* signalfd, stdin, stdout; three pipes a child; the listeners. */
#define POLL_MAX (3 + 3 * CHILDREN_MAX + LISTENERS_MAX)
/* A killed process is waited for at most this long: one stuck in the kernel must not stop us. */
#define KILL_GRACE_MS 1000
#define NEVER INT64_MAX

enum frame_type { FRAME_HELLO = 1, FRAME_RUN = 2, FRAME_RESULT = 3, FRAME_WILL = 4, FRAME_FINISH = 5 };
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

struct will {
    uint32_t keep_ms;
    uint16_t farewell_count;
    uint16_t successor_count;
    struct farewell *farewell;
    struct successor *successors;
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

uint32_t take_u32(struct cursor *cursor);
bool cursor_at_end(const struct cursor *cursor);

/* Both copy `payload`. 0, -EPROTO when it is malformed, or -ENOMEM; nothing to free then. */
int request_parse(struct bytes payload, struct request *request);
int will_parse(struct bytes payload, struct will **will);
void request_free(struct request *request);
void will_free(struct will *will);

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

/* Starts the program and owns `request` from now on. A failure is reported, not returned. */
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
/* Forgets whoever waits: no result is reported. */
void queue_clear(void);

/* --- executor_will.c: farewell and successors ------------------------------------------------- */

/* Opens the sending socket while we still may. Without CAP_NET_RAW there is none. */
void will_prepare(void);
/* Opens what the will needs to listen, so that nothing can fail late. */
void will_listen(const struct will *will);
/* Begins to listen, then sends the farewell. In this order: the answer may come at once. */
void will_begin(struct will *will, bool send_farewell);
bool will_succeeded(const struct will *will);
int will_poll(struct pollfd *polled, int count);
void will_serve(struct will *will, const struct pollfd *polled);

/* --- executor.c -------------------------------------------------------------------------------- */

/* One line on stderr; never blocks. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* CLOCK_MONOTONIC in milliseconds. */
int64_t now_ms(void);

#endif
