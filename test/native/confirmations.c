/* Which messages of a peer are taken, answered and noted: those that are in order to the last byte; and nothing is noted
 * of any other, nor is what comes behind it looked at. */
#include "confirmations_stage.h"

static unsigned int take(unsigned int count) {
  return confirmations_take(&confirmer, AF_INET, count, 5000);
}

static void a_request_is_answered(void) {
  set_stage();
  put_message(0, REQUEST, 0x55, 101);
  EXPECT(take(1) == 1 && confirmer.laid == 1);
  const struct outgoing_record *record = &confirmer.batch.records[0];
  uint8_t *answer = (uint8_t *)&confirmer.batch + record->offset;
  EXPECT(record->length == 100 && record->link_index == 7112);
  EXPECT(memcmp(record->destination, stage_source, 16) == 0);
  EXPECT(answer[AT_KIND] == ANSWER && word_at(answer + AT_SEQUENCE + 4) == 1001);
  EXPECT(answer[AT_NONCE] == 0x55 && answer[AT_ECHO] == 0xb0 && answer[AT_ECHO + 15] == 0xb0);
  EXPECT(message_key_mac(&stage_key, answer, 100 - MESSAGE_MAC_SIZE, true));
  const struct confirmation *note = &stage.room.notes[0];
  EXPECT(stage.room.noted == 1 && note->path == 1 && note->kind == REQUEST && !note->answered);
  EXPECT(note->at == 5000 && stage.paths[1].received_at == 5000);
  EXPECT(stage.paths[1].received == 1 && stage.paths[1].sent == 1);
  EXPECT(stage.peer.highest == 101 && stage.peer.echo[0] == 0xb0 && stage.peer.has_echo == 1);
}

static void an_answer_in_time_counts_once(void) {
  set_stage();
  put_message(0, ANSWER, 0x44, 101); /* to the check before */
  put_message(1, ANSWER, 0x55, 102);
  put_message(2, ANSWER, 0x55, 103);
  EXPECT(take(3) == 3 && confirmer.laid == 0);
  EXPECT(!stage.room.notes[0].answered && stage.room.notes[1].answered);
  EXPECT(!stage.room.notes[2].answered && stage.paths[1].answered == 1);
}

static void one_that_was_overtaken_is_no_news(void) {
  set_stage();
  stage.peer.newest_kind = REQUEST;
  put_message(0, ANSWER, 0x55, 98);
  EXPECT(take(1) == 1 && stage.room.notes[0].kind == REQUEST);
  EXPECT(stage.peer.highest == 100 && stage.peer.has_echo == 0);
  EXPECT(stage.peer.received[1] == UINT32_MAX);
  put_message(0, ANSWER, 0x55, 98);
  EXPECT(take(1) == 0);
}

static void numbers_move_the_window(void) {
  set_stage();
  put_message(0, ANSWER, 0x55, 140);
  EXPECT(take(1) == 1 && stage.peer.highest == 140);
  EXPECT(stage.peer.received[0] == 0xfffffb00 && stage.peer.received[1] == 1);
  put_message(0, ANSWER, 0x55, 140 + 64);
  EXPECT(take(1) == 1 && stage.peer.received[0] == 0 && stage.peer.received[1] == 1);
  put_message(0, ANSWER, 0x55, 140);
  EXPECT(take(1) == 0); /* too far back to know */
}

/* Each way not to be in order. */
static void what_differs_is_left(void) {
  for (int way = 0; way < 26; way += 1) {
    set_stage();
    uint8_t *message = put_message(0, way < 20 ? REQUEST : ANSWER, 0x55, 101);
    struct datagram_record *record = &stage_arrived.batch.records[0];
    bool sign = true;
    if (way == 0) message[0] ^= 1;
    if (way == 1) message[4] += 1;
    if (way == 2) message[AT_KIND] = 3;
    if (way == 3) message[AT_KIND] = 0;
    if (way == 4) message[AT_FLAGS] ^= FLAG_TRUNCATED;
    if (way == 5) message[AT_SESSION] ^= 1;
    if (way == 6) message[AT_SESSION + 7] ^= 1;
    if (way == 7) message[AT_SEQUENCE + 7] = 100;
    if (way == 8) message[AT_SEQUENCE + 7] = 0;
    if (way == 9) message[AT_SEQUENCE + 1] = 0x20;
    if (way == 10) message[AT_ECHO + 15] ^= 1;
    if (way == 11) memset(message + AT_ECHO, 0, NONCE_SIZE);
    if (way == 12) message[PEER_HEADER_SIZE + REPORT - 1] ^= 1;
    if (way == 13) record->length -= 1;
    if (way == 14) record->length += 1;
    if (way == 15) record->source[15] = 1;
    if (way == 16) record->port = 0;
    if (way == 17) stage.paths[1].open = 0;
    if (way == 18) stage.paths[1].peer = 1;
    if (way == 19) stage.room.message_length = 80;
    if (way == 20) stage.room.noted = CONFIRMATIONS_NOTED;
    if (way == 21) stage.peer.key = 0;
    if (way == 22) stage.peer.key = CONFIRMATION_KEYS;
    if (way == 23) stage.peer.length = PEER_REPORT_SIZE + 1;
    if (way == 24) stage.peer.has_session = 0;
    if (way == 25) sign = false, message[record->length - 1] ^= 1;
    if (sign) sign_message(message, record->length);
    uint8_t before[sizeof stage];
    memcpy(before, &stage, sizeof stage);
    put_message(1, ANSWER, 0x55, 102);
    EXPECT(take(2) == 0 && confirmer.laid == 0);
    EXPECT(memcmp(before, &stage, sizeof stage) == 0);
  }
}

/* What JavaScript would never write is read without harm. */
static void numbers_that_are_none(void) {
  static const double odd[] = {-1, 0, 0.5, 1e300, -1e300};
  for (unsigned int way = 0; way < 15; way += 1) {
    set_stage();
    double *number = way < 5    ? &stage.peer.drawn
                     : way < 10 ? &stage.peer.highest
                                : &stage.peer.sequence;
    *number = odd[way % 5];
    put_message(0, REQUEST, 0x55, 101);
    EXPECT(take(1) == (way < 5 ? 0 : 1));
  }
}

static void what_is_left_is_not_received_over(void) {
  set_stage();
  stage_arrived.waiting = 1;
  EXPECT(confirmations_receive(&confirmer, -1, AF_INET) == MORE && stage_arrived.waiting == 1);
  stage_arrived.waiting = 0;
  EXPECT(confirmations_receive(&confirmer, -1, AF_INET) == MORE); /* EBADF */
}

static void an_answer_that_is_refused_closes_the_path(void) {
  set_stage();
  put_message(0, REQUEST, 0x55, 101);
  EXPECT(take(1) == 1);
  EXPECT(!confirmations_send(&confirmer, -1, AF_INET) && confirmer.laid == 0);
  EXPECT(stage.paths[1].open == 0 && stage.paths[1].refused == 1);
  EXPECT(stage.paths[1].refusal == EBADF && stage.paths[0].refused == 0);
}

/* Of the paths that are open. */
static void the_last_answer_is_told_once(void) {
  set_stage();
  stage.paths[0] = stage.paths[1];
  stage.paths[0].address[3] = 3;
  put_message(0, REQUEST, 0x55, 101);
  EXPECT(take(1) == 1 && !is_all_answered(&confirmer));
  put_message(0, ANSWER, 0x55, 102);
  EXPECT(take(1) == 1 && !is_all_answered(&confirmer));
  put_message(0, ANSWER, 0x55, 103);
  stage_arrived.batch.records[0].source[3] = 3;
  EXPECT(take(1) == 1 && is_all_answered(&confirmer) && !is_all_answered(&confirmer));
  stage.paths[0].answered = stage.paths[0].open = stage.paths[1].answered = 0;
  put_message(0, ANSWER, 0x55, 104);
  EXPECT(take(1) == 1 && is_all_answered(&confirmer));
}

int main(void) {
  a_request_is_answered();
  an_answer_in_time_counts_once();
  one_that_was_overtaken_is_no_news();
  numbers_move_the_window();
  what_differs_is_left();
  numbers_that_are_none();
  what_is_left_is_not_received_over();
  an_answer_that_is_refused_closes_the_path();
  the_last_answer_is_told_once();
  return 0;
}
