/*
 * The executor: runs every program for the agent and holds its last will. It never decides: no
 * node_api.h, no virtual router, no settings. One poll loop, no thread, nothing that blocks.
 *
 * The agent starts it and speaks to it over stdin and stdout, in the frames of frame.h.
 *
 * With the argument `lease`, descriptor 3 is the memory of lease_words.h: who of the two was silent, and for
 * how long. What the executor does about a silent agent stands in duty.c.
 *
 * End of file, a malformed frame and FINISH all end the service: programs that still run are
 * killed, then the will is done: listen, farewell, keep the addresses until every successor was
 * seen or the time is over, run the release program, exit.
 */
#include "child.h"
#include "clock.h"
#include "duty.h"
#include "frame.h"
#include "lease.h"
#include "queue.h"
#include "renewal.h"
#include "report.h"
#include "standby.h"
#include "will.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_SIZE (64u << 10)
/* While the agent does not read its results, nothing is started and nothing more is read. */
#define UNREAD_MAX (1u << 20)
/* A wake-up this much behind its deadline is an ordinary one. */
#define LATE_MS 5
/* signalfd, stdin, stdout; then the children and the listeners. */
#define POLL_MAX (3 + CHILDREN_POLLED_MAX + LISTENERS_MAX)
/* Where the agent lays the lease, when it says that it does. */
#define LEASE_FD 3

static bool greeted;
static bool hung_up;
static struct buffer incoming;
static struct buffer outgoing;

/* --- the agent's side ------------------------------------------------------------------------- */

/* Frames leave at once when the socket takes them; the rest waits for POLLOUT. */
static void flush(void) {
  while (buffer_length(&outgoing) > 0) {
    ssize_t wrote = write(STDOUT_FILENO, outgoing.bytes + outgoing.start, buffer_length(&outgoing));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) return;
    /* Nobody is there to read: stdin will say so too, and that is what ends the service. */
    buffer_consume(&outgoing, wrote < 0 ? buffer_length(&outgoing) : (size_t)wrote);
  }
}

static void send_result(uint32_t id, enum outcome outcome, uint32_t value, const char *message,
                        struct bytes output, struct bytes errors) {
  if (frame_result(&outgoing, id, outcome, value, message, output, errors) != 0) {
    const struct bytes nothing = {NULL, 0};
    (void)frame_result(&outgoing, id, FAILED, ENOMEM, "no memory for the output", nothing, nothing);
  }
  flush();
}

static void send_revoked(void) {
  (void)frame_revoked(&outgoing);
  flush();
}

static void start_queued(void) {
  if (duty_idle() && buffer_length(&outgoing) < UNREAD_MAX) queue_start(duty_report);
}

static int greet(const struct frame *frame) {
  struct cursor cursor = {frame->payload.at, frame->payload.at + frame->payload.length, false};
  uint32_t version = take_u32(&cursor);
  if (frame->type != FRAME_HELLO || cursor.broken) /* what follows is another version's */
    return -EPROTO;
  (void)frame_hello(&outgoing, frame->id);
  flush();
  if (version != PROTOCOL_VERSION) {
    complain("the agent speaks protocol %u, this executor %u: install both from one package",
             version, PROTOCOL_VERSION);
    duty_resign();
  }
  greeted = true;
  return 0;
}

static int finish(struct bytes payload) {
  struct cursor cursor = {payload.at, payload.at + payload.length, false};
  uint32_t farewell_sent = take_u32(&cursor);
  if (!cursor_at_end(&cursor) || farewell_sent > 1) return -EPROTO;
  duty_end_service(farewell_sent == 0);
  return 0;
}

static int handle(const struct frame *frame) {
  if (!greeted) return greet(frame);
  switch (frame->type) {
  case FRAME_RUN: /* 0 is our own release program's */
    return frame->id == 0 ? -EPROTO : queue_add(frame->id, frame->payload, duty_report);
  case FRAME_WILL:
    return duty_replace_will(frame->payload);
  case FRAME_FINISH:
    return finish(frame->payload);
  case FRAME_STANDBY:
    return standby_replace(frame->payload);
  case FRAME_UNTIL:
    return duty_hold_until(frame->payload);
  default:
    return -EPROTO;
  }
}

static void handle_frames(void) {
  struct frame frame;
  int found = 0;
  while (duty_serving() && (found = frame_next(&incoming, &frame)) == 1) {
    found = handle(&frame);
    if (found < 0) break;
    buffer_consume(&incoming, HEADER_LENGTH + frame.payload.length);
    start_queued();
  }
  if (duty_serving() && found < 0) {
    complain("malformed frame from the agent (%s): ending as if it had died", strerror(-found));
    duty_end_service(true);
  }
}

/* Reads a bounded share, so that a busy agent cannot keep us from its children. */
static void read_agent(void) {
  if (buffer_reserve(&incoming, READ_SIZE) != 0) {
    duty_end_service(true);
    return;
  }
  ssize_t got = read(STDIN_FILENO, incoming.bytes + incoming.end, READ_SIZE);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    duty_agent_died();
    return;
  }
  incoming.end += (size_t)got;
  handle_frames();
}

/* --- the loop --------------------------------------------------------------------------------- */

static int64_t next_deadline(void) {
  int64_t next = children_deadline();
  int64_t standby = standby_due(children_running() > 0);
  next = duty_due() < next ? duty_due() : next;
  next = standby < next ? standby : next;
  return lease_due() < next ? lease_due() : next;
}

static int poll_timeout(int64_t deadline) {
  int64_t left = deadline == NEVER ? -1 : deadline - now_ms();
  if (deadline == NEVER) return -1;
  return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/*
 * For how long we were kept from running: in the poll beyond its deadline, and since the last turn
 * looked at the clock, where work takes next to no time.
 */
static int64_t lateness(int64_t turned, int64_t begun, int64_t deadline, int64_t now) {
  int64_t overslept = now - (deadline > begun ? deadline : begun);
  int64_t held_up = begun - turned;
  return (overslept > LATE_MS ? overslept : 0) + (held_up > LATE_MS ? held_up : 0);
}

static void turn(int signals) {
  static struct pollfd polled[POLL_MAX];
  static int64_t turned = NEVER;
  bool unread = buffer_length(&outgoing) >= UNREAD_MAX;
  int count = 3;
  polled[0] = (struct pollfd){.fd = signals, .events = POLLIN};
  polled[1] = (struct pollfd){.fd = duty_serving() ? STDIN_FILENO : -1,
                              .events = unread && !hung_up ? 0 : POLLIN};
  polled[2] =
      (struct pollfd){.fd = buffer_length(&outgoing) > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
  count = children_poll(polled, count);
  count = duty_poll(polled, count);
  int64_t begun = now_ms();
  int64_t deadline = next_deadline();
  if (poll(polled, (nfds_t)count, poll_timeout(deadline)) < 0) {
    /* EINTR: nothing is ready, but the clock is looked at */
    memset(polled, 0, sizeof polled);
  }
  int64_t now = now_ms();
  lease_turn(lateness(turned == NEVER ? begun : turned, begun, deadline, now));
  turned = now;
  duty_serve(polled);
  if (polled[0].revents != 0) {
    struct signalfd_siginfo which;
    while (read(signals, &which, sizeof which) > 0) continue;
    children_reap(duty_report);
  }
  children_serve(polled);
  children_expire(now_ms(), duty_report);
  if (polled[2].revents != 0) flush();
  /* POLLHUP comes even where nothing was asked for; what the agent sent last is read first. */
  if (polled[1].revents != 0 && duty_serving()) {
    hung_up = hung_up || (polled[1].revents & (POLLHUP | POLLERR)) != 0;
    read_agent();
  }
  start_queued();
  duty_attend(now); /* as of then: had we been stopped since, the next turn would know */
  standby_attend(children_running() > 0 || duty_done());
}

/* What the agent forgot to close must not reach the programs. */
static void close_inherited(void) {
  if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0)
    for (int fd = 3; fd < 1024; fd += 1) /* before Linux 5.9 */
      close(fd);
}

/* Before all ordinary processes, where the agent asks for it and the kernel allows it; what it starts
 * is ordinary. A refusal is the agent's to report: it asks for the same. */
static void enter_realtime(void) {
  const char *asked = getenv("UNDERSTUDY_REALTIME_PRIORITY");
  struct sched_param parameters = {.sched_priority = asked == NULL ? 0 : atoi(asked)};
  if (parameters.sched_priority <= 0) return;
  unsetenv("UNDERSTUDY_REALTIME_PRIORITY");
  while (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) < 0 &&
         parameters.sched_priority > 1)
    parameters.sched_priority -= 1;
  (void)mlockall(MCL_CURRENT | MCL_ONFAULT); /* not what is to come: a limit would refuse it */
}

/*
 * The agent decides when it ends, we end after it: a terminal's Ctrl-C and systemd's SIGTERM to the
 * whole control group must not take the last will away.
 */
static int set_up(void) {
  static const int ignored[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
  sigset_t child;
  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i += 1) signal(ignored[i], SIG_IGN);
  (void)setsid();
  signal(SIGCHLD, SIG_DFL); /* an inherited SIG_IGN would reap behind our back */
  prctl(PR_SET_NAME, "understudy-exec", 0, 0, 0);
  for (int fd = 0; fd >= 0 && fd < 3; fd = open("/dev/null", O_RDWR | O_CLOEXEC))
    continue; /* a pipe of ours must never become 0, 1 or 2; what is 3 or above goes next */
  close_inherited();
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  will_prepare();
  renewal_prepare();
  duty_prepare(send_result, send_revoked);
  enter_realtime();
  return signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
}

int main(int argc, char **argv) {
  bool leased = argc == 2 && strcmp(argv[1], "lease") == 0;
  if ((argc > 1 && !leased) || isatty(STDIN_FILENO)) {
    complain("the agent starts this program and speaks to it over stdin; run `understudy run`");
    return 2;
  }
  int error = leased ? lease_map(LEASE_FD) : 0;
  if (error != 0) {
    complain("the lease is expected behind descriptor %d: %s", LEASE_FD, strerror(-error));
    return 1;
  }
  int signals = set_up();
  if (signals < 0) {
    complain("signalfd: %s", strerror(errno));
    return 1;
  }
  while (!duty_done()) turn(signals);
  standby_end();
  return 0;
}
