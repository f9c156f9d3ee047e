/* Checks that the addon makes: when all is in order, and at no other time; and what is due is never passed over. */
#include "confirmations_stage.h"

static double stage_now;
static double stage_armed;
static int stage_arms;

double monotonic_at(void) {
  return stage_now;
}

static int arm_at(int fd, double at) {
  (void)fd;
  stage_armed = at;
  stage_arms += 1;
  return 0;
}

#define monotonic_microseconds monotonic_at
#define deadline_timer_arm arm_at
#include "../../native/addon/checks.c"

enum { DUE = 10000, EVERY = 1000 };

static struct checker checker;

/* One peer on both paths; its check is due at DUE. */
static void set_checks(void) {
  set_stage();
  stage_sent = 0;
  stage_refuses = false;
  checks_begin(&checker, 3);
  checker.sides[SIDE_IPV4] = &confirmer;
  checker.sockets[SIDE_IPV4] = 4;
  checker.sockets[SIDE_IPV6] = -1;
  stage.room.planned = 1;
  stage.room.until = HUGE_VAL;
  stage.room.interval = EVERY;
  stage.room.fail_after = EVERY + EVERY / 2;
  stage.room.nearly_silent_after = 3 * EVERY;
  stage.room.tolerance = EVERY / 2;
  stage.peer.next_check = DUE;
  stage.peer.port = 7112;
  stage.peer.signs_with = 1;
  stage.peer.has_echo = 1;
  memset(stage.peer.echo, 0xee, NONCE_SIZE);
  stage.paths[0] = stage.paths[1];
  stage.paths[0].address[3] = 3;
  for (int i = 0; i < ROOM_PATHS; i += 1) {
    stage.paths[i].answered = 1;
    stage.paths[i].fail_at = DUE + EVERY / 2;
    stage.paths[i].nearly_silent_at = DUE + 2 * EVERY;
  }
  stage_now = DUE;
  stage_armed = -1;
  stage_arms = 0;
}

static void a_check_goes_out_on_every_path(void) {
  set_checks();
  EXPECT(checks_pass(&checker) && stage_sent == 2);
  for (unsigned int i = 0; i < 2; i += 1) {
    const struct outgoing_record *record = &confirmer.batch.records[i];
    uint8_t *request = (uint8_t *)&confirmer.batch + record->offset;
    EXPECT(record->length == 100 && record->link_index == 7112);
    EXPECT(memcmp(record->destination, stage.paths[i].address, 16) == 0);
    EXPECT(request[AT_KIND] == REQUEST && word_at(request + AT_SEQUENCE + 4) == 1001 + i);
    EXPECT(memcmp(request + AT_NONCE, stage.peer.nonces[5], NONCE_SIZE) == 0);
    EXPECT(request[AT_ECHO] == 0xee && request[AT_ECHO + 15] == 0xee);
    EXPECT(message_key_mac(&stage_key, request, 100 - MESSAGE_MAC_SIZE, true));
    EXPECT(stage.paths[i].answered == 0 && stage.paths[i].sent == 1);
  }
  EXPECT(stage.peer.drawn == 6 && stage.peer.sequence == 1002);
  EXPECT(memcmp(stage.peer.nonces[5], stage.peer.nonces[4], NONCE_SIZE) != 0);
  const struct confirmation *note = &stage.room.notes[0];
  EXPECT(stage.room.noted == 1 && note->at == DUE && note->path == 0 && note->kind == 0);
  /* An answer may be missing before the next check is due. */
  EXPECT(stage.peer.next_check == DUE + EVERY);
  EXPECT(stage_armed == DUE + EVERY / 2 && stage.room.due == stage_armed);
}

/* Each check has a nonce of its own, also when as many were drawn as are drawn at once. */
static void nonces_differ(void) {
  uint8_t last[NONCE_SIZE] = {0};
  set_checks();
  for (int check = 0; check < 3 * NONCES_DRAWN; check += 1) {
    for (int i = 0; i < ROOM_PATHS; i += 1) {
      stage.paths[i].answered = 1;
      stage.paths[i].fail_at = stage.paths[i].nearly_silent_at = HUGE_VAL;
    }
    stage_now = stage.peer.next_check;
    EXPECT(checks_pass(&checker));
    const uint8_t *nonce = stage.peer.nonces[((int)stage.peer.drawn - 1) % NONCES_KEPT];
    EXPECT(memcmp(nonce, last, NONCE_SIZE) != 0);
    memcpy(last, nonce, NONCE_SIZE);
  }
}

/* Answers put off what is due, and the timer is armed for the next check. */
static void answers_put_the_timer_off(void) {
  set_checks();
  EXPECT(checks_pass(&checker));
  memcpy(stage.peer.nonces[5], stage.peer.nonces[4], NONCE_SIZE); /* that of the stage's messages */
  put_message(0, ANSWER, 0x55, 101);
  put_message(1, ANSWER, 0x55, 102);
  stage_arrived.batch.records[1].source[3] = 3;
  EXPECT(confirmations_take(&confirmer, AF_INET, 2, DUE + 100) == 2);
  for (int i = 0; i < ROOM_PATHS; i += 1) {
    EXPECT(stage.paths[i].fail_at == DUE + 100 + EVERY + EVERY / 2);
    EXPECT(stage.paths[i].nearly_silent_at == DUE + 100 + 3 * EVERY);
  }
  const int arms = stage_arms;
  checks_arm(&checker);
  checks_arm(&checker);
  EXPECT(stage_arms == arms + 1 && stage_armed == DUE + EVERY && stage.room.due == DUE + EVERY);
}

/* A message that is no answer puts off the silence alone. */
static void a_request_is_no_answer(void) {
  set_checks();
  put_message(0, REQUEST, 0x55, 101);
  EXPECT(confirmations_take(&confirmer, AF_INET, 1, DUE - 1) == 1);
  EXPECT(stage.paths[1].fail_at == DUE + EVERY / 2);
  EXPECT(stage.paths[1].nearly_silent_at == DUE - 1 + 3 * EVERY);
}

static void nothing_is_due_yet(void) {
  set_checks();
  stage_now = DUE - 1;
  EXPECT(checks_pass(&checker) && stage_sent == 0 && stage.room.noted == 0);
  EXPECT(stage_armed == DUE && stage.room.due == DUE);
}

static void what_was_taken_back_is_not_made(void) {
  set_checks();
  stage.room.planned = 0;
  EXPECT(checks_pass(&checker) && stage_sent == 0 && stage_arms == 0);
}

/* Each way not to be an ordinary check: JavaScript is called, and nothing is sent or noted. */
static void what_is_not_ordinary_is_left(void) {
  for (int way = 0; way < 18; way += 1) {
    set_checks();
    if (way == 0) stage.paths[0].answered = 0;
    if (way == 1) stage.paths[1].open = 0;
    if (way == 2) stage.paths[0].fail_at = DUE;
    if (way == 3) stage.paths[1].nearly_silent_at = DUE;
    if (way == 4) stage_now = DUE + EVERY / 2 + 1;
    if (way == 5) stage.room.until = DUE;
    if (way == 6) stage.room.noted = CONFIRMATIONS_NOTED;
    if (way == 7) stage.room.message_length = 0;
    if (way == 8) stage.room.message_length = PEER_MESSAGE_SIZE + 1;
    if (way == 9) stage.peer.signs_with = 0;
    if (way == 10) stage.peer.signs_with = CONFIRMATION_KEYS;
    if (way == 11) stage.peer.port = 0;
    if (way == 12) stage.peer.port = UINT16_MAX + 1;
    if (way == 13) stage.peer.has_echo = 0;
    if (way == 14) stage.peer.drawn = 0;
    if (way == 15) stage.paths[1].family = 6; /* of which there is no socket */
    if (way == 16) stage.paths[1].peer = 1;
    if (way == 17) checker.sockets[SIDE_IPV4] = -1;
    const uint32_t noted = stage.room.noted;
    EXPECT(!checks_pass(&checker));
    EXPECT(stage_sent == 0 && stage.room.noted == noted && confirmer.laid == 0);
    EXPECT(stage.peer.next_check == DUE && stage.peer.sequence == 1000);
  }
}

/* What is due beside the check comes to JavaScript at its time, though no check is due. */
static void a_failure_is_told_when_it_is_due(void) {
  set_checks();
  stage.peer.next_check = DUE + EVERY;
  stage.paths[0].answered = 0;
  stage.paths[0].fail_at = DUE;
  EXPECT(!checks_pass(&checker) && stage_sent == 0);
}

/* The request is on account, and the path is JavaScript's. */
static void a_request_that_is_refused_closes_the_path(void) {
  set_checks();
  stage_refuses = true;
  EXPECT(!checks_pass(&checker) && stage.room.noted == 1);
  for (int i = 0; i < ROOM_PATHS; i += 1)
    EXPECT(stage.paths[i].open == 0 && stage.paths[i].refused == 1);
}

/* One that is late by less than the tolerance is made, and the one after it in its turn. */
static void a_late_check_keeps_its_turn(void) {
  set_checks();
  stage_now = DUE + 100;
  EXPECT(checks_pass(&checker) && stage.room.notes[0].at == DUE + 100);
  EXPECT(stage.peer.next_check == DUE + EVERY);
}

int main(void) {
  a_check_goes_out_on_every_path();
  nonces_differ();
  answers_put_the_timer_off();
  a_request_is_no_answer();
  nothing_is_due_yet();
  what_was_taken_back_is_not_made();
  what_is_not_ordinary_is_left();
  a_failure_is_told_when_it_is_due();
  a_request_that_is_refused_closes_the_path();
  a_late_check_keeps_its_turn();
  return 0;
}
