/* Messages of the HA port as the addon reads them before JavaScript does: whatever they and the memory that both share
 * hold, nothing behind them is read, and one that is not taken leaves no trace. */
#include "../../../native/addon/deadline_timer.c"

#include "../../native/confirmations_stage.h"

#include "drive.h"

static uint8_t before[sizeof stage];

/* What was taken is in order. */
static void expect_sound(const uint8_t *message, uint32_t length, uint32_t noted, int answers) {
  EXPECT(stage.room.noted == noted + 1 && noted < CONFIRMATIONS_NOTED);
  EXPECT(length == PEER_HEADER_SIZE + stage.peer.length + MESSAGE_MAC_SIZE);
  EXPECT(memcmp(message + PEER_HEADER_SIZE, stage.peer.report, stage.peer.length) == 0);
  EXPECT(message[AT_KIND] == REQUEST || message[AT_KIND] == ANSWER);
  EXPECT(answers == (message[AT_KIND] == REQUEST ? 1 : 0));
  EXPECT(checks_since(&stage.peer, message + AT_ECHO) >= 0);
  EXPECT(is_seen(&stage.peer, number_of(&stage.peer, message)));
  uint8_t *copy = exactly(message, length);
  EXPECT(message_key_mac(&stage_key, copy, length - MESSAGE_MAC_SIZE, true));
  free(copy);
}

/* The first byte says how much of the message is put right; then come its bytes. */
static void take_message(uint8_t manner, const uint8_t *data, size_t size) {
  uint8_t *message = put_message(0, manner & 1 ? REQUEST : ANSWER, 0x55, 101);
  struct datagram_record *record = &stage_arrived.batch.records[0];
  const size_t most = size < DATAGRAM_SIZE ? size : DATAGRAM_SIZE;
  if (manner & 2) record->length = (uint32_t)size;
  for (size_t i = 0; i < most; i += 1)
    message[i] = manner & 4 ? (uint8_t)(message[i] ^ data[i]) : data[i];
  if (manner & 8 && record->length >= MESSAGE_MAC_SIZE && record->length <= DATAGRAM_SIZE)
    sign_message(message, record->length);
  memcpy(before, &stage, sizeof stage);
  const uint32_t noted = stage.room.noted;
  if (confirmations_take(&confirmer, AF_INET, 1, 5000) == 1)
    expect_sound(message, record->length, noted, (int)confirmer.laid);
  else
    EXPECT(memcmp(before, &stage, sizeof stage) == 0 && confirmer.laid == 0);
}

/* The memory as somebody may have left it. */
static void take_room(const uint8_t *data, size_t size) {
  uint8_t *start = (uint8_t *)&stage.peer;
  const size_t fields = offsetof(struct peer_place, nonces);
  memcpy(start, data, size < fields ? size : fields);
  if (size > fields) {
    const size_t rest = size - fields;
    memcpy(&stage.paths[1], data + fields,
           rest < sizeof stage.paths[1] ? rest : sizeof stage.paths[1]);
  }
  for (uint8_t kind = 1; kind <= 2; kind += 1) {
    put_message(0, kind, 0x55, 101 + kind);
    confirmations_take(&confirmer, AF_INET, 1, 5000);
    EXPECT(stage.room.noted <= CONFIRMATIONS_NOTED && confirmer.laid <= DATAGRAM_BATCH);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  set_stage();
  if (data[0] & 0x80)
    take_room(data + 1, size - 1);
  else
    take_message(data[0], data + 1, size - 1);
  return 0;
}
