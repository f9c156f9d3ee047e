/*
 * What the executor owes for the will it holds: nothing while the agent lives, watching while it is
 * silent, the will when it is dead. No frames and no descriptors: others read, send and start.
 *
 *     agent dies, pipe ends, FINISH:  KEEPING ──every successor seen, or time over──▶ RELEASING ──▶ DONE
 *
 *     agent silent while SERVING:     HELD ──listen_after──▶ LISTENING ──a successor, and the word in
 *     (below, `silence`)               ▲ ▲──── it lives ─────────┘       the lease swapped──▶ LAPSED
 *                                      └──── release program done ◀── CLEARING ◀── all, or time over ┘
 *
 * A silent agent without any successor loses nothing: its addresses stay until it is killed. Where a witness has lent the
 * role (UNTIL) they go in time in any case: the lease of a silent agent lapses then, and a dead one's will is done.
 */
#include "duty.h"
#include "clock.h"
#include "lease.h"
#include "queue.h"
#include "renewal.h"
#include "report.h"
#include "will.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

/*
 * Between a successor's advertisement and our letting go. After priority 0 ours comes with its addresses
 * and announcements, and another's within a moment of them. After a silence a router advertises before
 * it puts them on (RFC 9568 section 6.4.2), and announces each when it stands: that is waited for. The time is for
 * announcements that do not arrive: as long as its hook and its script may take.
 */
#define AFTER_FAREWELL_MS 3
#define AFTER_SILENCE_MS 500
/* So long before the lease of the witness ends the addresses begin to go: time for the release program. */
#define BEFORE_END_MS 1000

enum phase { SERVING, KEEPING, RELEASING, DONE };
enum silence { HELD, LISTENING, LAPSED, CLEARING };

static enum phase phase = SERVING;
static enum silence silence = HELD;
static struct will *will;
/* The one whose addresses the release program of a lapsed lease takes away. */
static struct will *lapsed;
static report_function *tell_result;
static void (*tell_revoked)(void);
static int64_t keep_until = NEVER;
static int64_t kill_until = NEVER;
static int64_t succeeded_at = NEVER;
static bool farewell_sent;
/* CLOCK_BOOTTIME in ms: until when the addresses may stand, whoever lives. */
static int64_t hold_until = NEVER;
/* Outlives the will, which goes when the lease has lapsed; 0: nobody is killed. */
static uint32_t kill_after_ms;
static pid_t agent;

void duty_prepare(report_function *report, void (*revoked)(void)) {
  tell_result = report;
  tell_revoked = revoked;
  agent = getppid();
}

bool duty_serving(void) {
  return phase == SERVING;
}

bool duty_done(void) {
  return phase == DONE;
}

void duty_resign(void) {
  phase = DONE;
}

/* What waits for the release program of a lapsed lease comes behind it, whatever it is. */
bool duty_idle(void) {
  return phase == SERVING && silence != CLEARING;
}

/* --- the release program ---------------------------------------------------------------------- */

static void put_back(const struct will *done) {
  renewal_remove(done);
  renewal_put_back(done);
}

static void released(enum outcome outcome, uint32_t value, const char *message,
                     struct bytes errors) {
  const int length = errors.length < 800 ? (int)errors.length : 800;
  if (outcome == FAILED) {
    complain("release program: %s", message);
  } else if (outcome == TIMED_OUT) {
    complain("release program: killed at its deadline");
  } else if (outcome == SIGNALLED || value != 0) {
    complain("release program: %s %u: %.*s", outcome == EXITED ? "exit code" : "signal", value,
             length, (const char *)errors.at);
  }
  silence = HELD;
  if (lapsed != NULL) put_back(lapsed);
  will_free(lapsed);
  lapsed = NULL;
  if (phase == RELEASING) {
    if (will != NULL) put_back(will);
    phase = DONE;
  }
}

void duty_report(uint32_t id, enum outcome outcome, uint32_t value, const char *message,
                 struct bytes output, struct bytes errors) {
  if (id == 0)
    released(outcome, value, message, errors);
  else if (phase == SERVING) /* else nobody is left to tell */
    tell_result(id, outcome, value, message, output, errors);
}

static int64_t sooner(int64_t one, int64_t other) {
  return one < other ? one : other;
}

/* --- the will --------------------------------------------------------------------------------- */

/* A new will says that the agent lives, and takes back what its silence had begun. */
int duty_replace_will(struct bytes payload) {
  struct will *next = NULL;
  if (payload.length > 0) {
    int error = will_parse(payload, &next);
    if (error != 0) return error;
  }
  if (silence == LISTENING || silence == LAPSED) {
    will_hear(will, false);
    silence = HELD;
  }
  renewal_replace(will, next);
  will_free(will);
  will = next;
  will_listen(will);
  farewell_sent = false;
  kill_after_ms = will == NULL ? 0 : will->kill_after_ms;
  return 0;
}

int duty_hold_until(struct bytes payload) {
  struct cursor cursor = {payload.at, payload.at + payload.length, false};
  uint64_t high = take_u32(&cursor);
  uint64_t until = high << 32 | take_u32(&cursor);
  if (!cursor_at_end(&cursor) || until > INT64_MAX / 1000) return -EPROTO;
  hold_until = until == 0 ? NEVER : (int64_t)until;
  renewal_hold_until(hold_until);
  return 0;
}

/* It has renewed its lease lately, or has none: whoever was heard meanwhile is no successor. */
static bool agent_lives(int64_t now, int64_t silent_since) {
  return silent_since == NEVER || now - silent_since < will->listen_after_ms;
}

static void no_longer_listening(void) {
  will_hear(will, false);
  silence = HELD;
  farewell_sent = false;
}

/* When the addresses have to begin to go, by the clock that we wait with. */
static int64_t leave_at(int64_t now) {
  return hold_until == NEVER ? NEVER : now + hold_until - BEFORE_END_MS - boot_ms();
}

/*
 * Programs first, will second. Whoever is killed here may be half way through adding an address:
 * the release waits until they are gone (or stuck beyond the kill's grace).
 */
void duty_end_service(bool send_farewell) {
  int64_t now = now_ms();
  queue_clear("", NULL);
  if (silence == CLEARING) { /* the release runs already: that is the end of it */
    phase = RELEASING;
    return;
  }
  if (will == NULL) {
    children_kill();
    phase = DONE;
    return;
  }
  /* It woke, and ended before we looked again. */
  if (silence == LISTENING && agent_lives(now, lease_silent_since())) no_longer_listening();
  phase = KEEPING;
  keep_until = now + will->keep_ms;
  kill_until = now + KILL_GRACE_MS;
  succeeded_at = NEVER;
  children_kill();
  will_hear(will, true);
  if (send_farewell && !farewell_sent) will_say_farewell(will);
}

static bool alone(int64_t now) {
  return children_running() == 0 || now >= kill_until;
}

/* When the addresses may go: once everybody who takes over has them too, or the time is over. */
static int64_t release_at(int64_t now) {
  if (will->successor_count == 0) return now;
  int64_t latest = sooner(keep_until, leave_at(now));
  if (!will_succeeded(will)) return latest;
  succeeded_at = succeeded_at == NEVER ? now : succeeded_at;
  int64_t settled_at = succeeded_at + (phase == KEEPING ? AFTER_FAREWELL_MS : AFTER_SILENCE_MS);
  if (phase != KEEPING && will_announced(will)) settled_at = succeeded_at;
  return sooner(settled_at, latest);
}

static void release_when_due(int64_t now) {
  if (now >= release_at(now) && alone(now)) {
    phase = RELEASING;
    children_abandon();
    will->release.steadfast = true;
    child_start(0, &will->release, duty_report);
  }
}

/* Its pipe has ended. Which came first, this or a successor, only we know: we say it. */
void duty_agent_died(void) {
  bool owed = will != NULL && will->farewell_count > 0 && !farewell_sent;
  duty_end_service(true);
  if (owed)
    complain(will->successor_count > 0 && will_succeeded(will)
                 ? "the agent has ended, and another router is Active already: no farewell"
                 : "the agent has ended: farewell sent");
}

/* --- a silent agent --------------------------------------------------------------------------- */

/* The word in the lease decides who was first: the agent that wakes, or we. */
static void lapse(int64_t now) {
  if (!lease_revoke()) return;
  complain("the agent is silent for %lld ms and %s: its lease has lapsed",
           (long long)(now - lease_silent_since()),
           will_any_seen(will) ? "another router is Active" : "the witness's lease ends");
  silence = LAPSED;
  farewell_sent = true;
  keep_until = now + will->keep_ms;
  kill_until = now + KILL_GRACE_MS;
  succeeded_at = NEVER;
  tell_revoked();
  queue_clear("the lease lapsed while the agent was silent", tell_result);
  children_kill();
  will_say_farewell(will);
}

static void clear_when_due(int64_t now) {
  if (now < release_at(now) || !alone(now)) return;
  lapsed = will;
  silence = CLEARING;
  will = NULL;
  will_listen(NULL);
  lapsed->release.steadfast = true;
  child_start(0, &lapsed->release, duty_report);
}

static void listen_on(int64_t now, int64_t silent_since) {
  if (agent_lives(now, silent_since)) {
    no_longer_listening();
  } else if (will_any_seen(will) || now >= leave_at(now)) {
    lapse(now);
  } else if (!farewell_sent && now - silent_since >= will->farewell_after_ms) {
    complain("the agent is silent for %lld ms: farewell sent; the addresses stay until another "
             "router is Active",
             (long long)(now - silent_since));
    farewell_sent = true;
    will_say_farewell(will);
  }
}

/*
 * Whoever started us and is still there; never somebody who has taken in an orphan. One whose wake-up takes long, with
 * a thousand virtual routers on a busy machine, does not hang: it is not killed as long as it gets on.
 */
static void kill_agent(int64_t now, int64_t still_since) {
  if (kill_after_ms == 0 || still_since == NEVER || now - still_since < kill_after_ms) return;
  kill_after_ms = 0;
  if (agent <= 1 || getppid() != agent) return;
  complain("the agent is silent for %lld ms: killing process %d, so that it is started again",
           (long long)(now - still_since), (int)agent);
  if (kill(agent, SIGKILL) != 0) complain("kill: the agent has another user's rights");
}

static void attend_agent(int64_t now) {
  int64_t silent_since = lease_silent_since();
  bool leased = will != NULL && will->kill_after_ms != 0;
  switch (silence) {
  case HELD:
    if (leased && silent_since != NEVER && now - silent_since >= will->listen_after_ms) {
      silence = LISTENING;
      will_hear(will, true);
    }
    break;
  case LISTENING:
    listen_on(now, silent_since);
    break;
  case LAPSED:
    clear_when_due(now);
    break;
  case CLEARING:
    break;
  }
  kill_agent(now, lease_still_since());
}

void duty_attend(int64_t now) {
  if (phase == SERVING)
    attend_agent(now);
  else if (phase == KEEPING)
    release_when_due(now);
  if (will != NULL && (phase == SERVING || phase == KEEPING))
    renewal_attend(will, children_running() > 0);
}

/* --- the loop's share ------------------------------------------------------------------------- */

/* A release waits for successors and time, then for the programs that were killed. */
static int64_t release_due(void) {
  int64_t now = now_ms();
  int64_t at = release_at(now);
  return now >= at ? kill_until : at;
}

static int64_t silence_due(void) {
  int64_t since = lease_silent_since();
  int64_t next = NEVER;
  if (since == NEVER) return NEVER;
  if (kill_after_ms != 0) next = lease_still_since() + kill_after_ms;
  if (will != NULL && will->kill_after_ms != 0 && silence == HELD)
    next = sooner(next, since + will->listen_after_ms);
  if (silence == LISTENING && !farewell_sent) next = sooner(next, since + will->farewell_after_ms);
  if (silence == LISTENING) next = sooner(next, leave_at(now_ms()));
  return next;
}

int64_t duty_due(void) {
  int64_t next = phase == SERVING ? silence_due() : NEVER;
  if (phase == KEEPING || silence == LAPSED) next = sooner(next, release_due());
  if (will != NULL && (phase == SERVING || phase == KEEPING))
    next = sooner(next, renewal_due(will, children_running() > 0));
  return next;
}

static bool hearing(void) {
  return phase == KEEPING || (phase == SERVING && (silence == LISTENING || silence == LAPSED));
}

int duty_poll(struct pollfd *polled, int count) {
  return hearing() ? will_poll(polled, count) : count;
}

void duty_serve(const struct pollfd *polled) {
  if (hearing()) will_serve(will, polled);
}
