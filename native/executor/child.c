/*
 * The executor's processes: started, fed, drained, reaped, killed at their deadline. No frames, no
 * queue: who runs when is decided by the caller.
 */
#include "child.h"
#include "clock.h"
#include "process.h"
#include "standby.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static struct child children[CHILDREN_MAX];
static int running;

int children_running(void) {
  return running;
}

/* --- starting --------------------------------------------------------------------------------- */

static void feed(struct child *child) {
  const struct bytes input = child->request.input;
  while (child->fed < input.length) {
    ssize_t wrote = write(child->input.fd, input.at + child->fed, input.length - child->fed);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) return;
    if (wrote < 0) break; /* EPIPE: the program does not want the rest */
    child->fed += (size_t)wrote;
  }
  close_fd(&child->input.fd);
}

static struct child *free_child(void) {
  for (int i = 0; i < CHILDREN_MAX; i += 1)
    if (!children[i].used) return &children[i];
  return NULL;
}

static void forget(struct child *child) {
  close_fd(&child->input.fd);
  close_fd(&child->output.fd);
  close_fd(&child->errors.fd);
  free(child->output.kept.bytes);
  free(child->errors.kept.bytes);
  request_free(&child->request);
  *child = (struct child){0};
  running -= 1;
}

static void report_failure(uint32_t id, struct request *request, int error,
                           report_function *report) {
  char message[512];
  const struct bytes nothing = {NULL, 0};
  snprintf(message, sizeof message, "cannot start %.300s: %s", request->argv[0], strerror(error));
  report(id, FAILED, (uint32_t)error, message, nothing, nothing);
  request_free(request);
}

static void adopt(struct child *child, const struct process *process) {
  struct stream *streams[3] = {&child->input, &child->output, &child->errors};
  child->used = true;
  running += 1;
  child->pid = process->pid;
  for (int fd = 0; fd < 3; fd += 1) {
    streams[fd]->slot = -1;
    streams[fd]->fd = process->ends[fd];
  }
}

void child_start(uint32_t id, struct request *request, report_function *report) {
  struct child *child = free_child();
  struct process process;
  int error = child == NULL ? EAGAIN : 0;
  if (error == 0 && !standby_take(request, &process)) error = process_start(request, &process);
  if (error != 0) {
    report_failure(id, request, error, report);
    return;
  }
  *child = (struct child){.id = id};
  adopt(child, &process);
  child->request = *request;
  *request = (struct request){0};
  child->deadline = now_ms() + child->request.timeout_ms;
  feed(child);
}

/* --- draining --------------------------------------------------------------------------------- */

/* Reads what is there, keeps the first STREAM_MAX, drops the rest. `most` bounds one turn. */
static void drain(struct stream *stream, size_t most) {
  static uint8_t scratch[STREAM_MAX];
  while (stream->fd >= 0 && most > 0) {
    ssize_t got = read(stream->fd, scratch, sizeof scratch < most ? sizeof scratch : most);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close_fd(&stream->fd);
      return;
    }
    most -= (size_t)got;
    size_t room = STREAM_MAX - buffer_length(&stream->kept);
    (void)buffer_append(&stream->kept, scratch, (size_t)got < room ? (size_t)got : room);
  }
}

static struct bytes kept(const struct stream *stream) {
  return (struct bytes){stream->kept.bytes, buffer_length(&stream->kept)}; /* never consumed */
}

/*
 * A grandchild may hold the pipes open for ever: take what is there, bounded because it may also
 * write for ever, and close.
 */
static void finish(struct child *child, enum outcome outcome, uint32_t value,
                   report_function *report) {
  drain(&child->output, 2 * STREAM_MAX);
  drain(&child->errors, 2 * STREAM_MAX);
  report(child->id, outcome, value, "", kept(&child->output), kept(&child->errors));
  forget(child);
}

/* --- ending ----------------------------------------------------------------------------------- */

static struct child *child_of(pid_t pid) {
  for (int i = 0; i < CHILDREN_MAX; i += 1)
    if (children[i].used && children[i].pid == pid) return &children[i];
  return NULL;
}

void children_reap(report_function *report) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    struct child *child = child_of(pid);
    if (child == NULL) {
      standby_reaped(pid); /* or one given up on after its kill, or abandoned */
      continue;
    }
    if (child->timed_out)
      finish(child, TIMED_OUT, 0, report);
    else if (WIFSIGNALED(status))
      finish(child, SIGNALLED, (uint32_t)WTERMSIG(status), report);
    else
      finish(child, EXITED, (uint32_t)WEXITSTATUS(status), report);
  }
}

/* Not yet reaped, so the group id cannot have been given to somebody else. */
static void kill_group(struct child *child) {
  kill(-child->pid, SIGKILL);
  child->killed = true;
  child->deadline = now_ms() + KILL_GRACE_MS;
}

void children_kill(void) {
  for (int i = 0; i < CHILDREN_MAX; i += 1)
    if (children[i].used && !children[i].killed) kill_group(&children[i]);
}

void children_abandon(void) {
  for (int i = 0; i < CHILDREN_MAX; i += 1)
    if (children[i].used) forget(&children[i]);
}

void children_expire(int64_t now, report_function *report) {
  for (int i = 0; i < CHILDREN_MAX; i += 1) {
    struct child *child = &children[i];
    if (!child->used || child->deadline > now) continue;
    if (!child->killed) {
      child->timed_out = true;
      kill_group(child);
    } else {
      finish(child, TIMED_OUT, 0, report); /* stuck in the kernel: the answer cannot wait */
    }
  }
}

int64_t children_deadline(void) {
  int64_t earliest = NEVER;
  for (int i = 0; i < CHILDREN_MAX; i += 1)
    if (children[i].used && children[i].deadline < earliest) earliest = children[i].deadline;
  return earliest;
}

/* --- the poll loop's share -------------------------------------------------------------------- */

static int poll_stream(struct stream *stream, short events, struct pollfd *polled, int count) {
  stream->slot = stream->fd >= 0 ? count : -1;
  if (stream->fd < 0) return count;
  polled[count] = (struct pollfd){.fd = stream->fd, .events = events};
  return count + 1;
}

int children_poll(struct pollfd *polled, int count) {
  for (int i = 0; i < CHILDREN_MAX; i += 1) {
    if (children[i].used) {
      count = poll_stream(&children[i].input, POLLOUT, polled, count);
      count = poll_stream(&children[i].output, POLLIN, polled, count);
      count = poll_stream(&children[i].errors, POLLIN, polled, count);
    }
  }
  return count;
}

static bool ready(const struct stream *stream, const struct pollfd *polled) {
  return stream->fd >= 0 && stream->slot >= 0 && polled[stream->slot].revents != 0;
}

void children_serve(const struct pollfd *polled) {
  for (int i = 0; i < CHILDREN_MAX; i += 1) {
    struct child *child = &children[i];
    if (!child->used) continue;
    if (ready(&child->input, polled)) feed(child);
    if (ready(&child->output, polled)) drain(&child->output, STREAM_MAX);
    if (ready(&child->errors, polled)) drain(&child->errors, STREAM_MAX);
  }
}
