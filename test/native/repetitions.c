/* Which packets are only counted: those that are known to the last byte, and none that comes after one that differs. */
#include "../../native/addon/packet_socket.c"
#include "../../native/addon/repetitions.c"

#include "expect.h"

static struct packet_room room;

/* What JavaScript does when it knows a packet. */
static void know(unsigned int index) {
  const struct packet_record *record = &room.records[index];
  struct repetition *known = &room.places[room.bytes[record->offset + 1]];
  known->link_index = record->link_index;
  known->hop_limit = record->hop_limit;
  memcpy(known->source, record->source, 16);
  memcpy(known->destination, record->destination, 16);
  memcpy(known->message, room.bytes + record->offset, record->length);
  known->length = record->length;
  room.known = 1;
}

static struct packet_record *put(unsigned int index, uint8_t place, uint32_t length, double at) {
  struct packet_record *record = &room.records[index];
  *record = (struct packet_record){.arrived_at = at,
                                   .link_index = 3,
                                   .hop_limit = 255,
                                   .offset = index * PACKET_SIZE + 20,
                                   .length = length,
                                   .source = {10, 0, 0, 2},
                                   .destination = {224, 0, 0, 18}};
  for (uint32_t i = 0; i < length; i += 1) room.bytes[record->offset + i] = (uint8_t)(0x31 + i);
  if (length > 1) room.bytes[record->offset + 1] = place;
  return record;
}

static void start(void) {
  memset(&room, 0, sizeof room);
  put(0, 51, 12, 1);
  know(0);
}

static void what_repeats_is_counted(void) {
  start();
  put(0, 51, 12, 10);
  put(1, 51, 12, 30);
  put(2, 51, 12, 20);
  EXPECT(repetitions_take(&room, 3) == 0);
  EXPECT(room.heard == 1 && room.order[0] == 51);
  EXPECT(room.places[51].count == 3 && room.places[51].arrived_at == 30);
}

/* Each way to differ: it is handed over, and so is all of its place that comes after it. */
static void what_differs_is_not(void) {
  for (int way = 0; way < 8; way += 1) {
    start();
    put(0, 51, 12, 10);
    struct packet_record *other = put(1, 51, 12, 11);
    put(2, 51, 12, 12);
    if (way == 0) other->link_index = 4;
    if (way == 1) other->hop_limit = 254;
    if (way == 2) other->source[15] = 1;
    if (way == 3) other->destination[3] = 19;
    if (way == 4) room.bytes[other->offset + 2] = 0; /* the priority */
    if (way == 5) room.bytes[other->offset + 11] ^= 1;
    if (way == 6) other->length = 11;
    if (way == 7) other->length = 13;
    EXPECT(repetitions_take(&room, 3) == 2);
    EXPECT(room.places[51].count == 1 && room.places[51].length == 0);
    EXPECT(room.records[0].arrived_at == 11 && room.records[1].arrived_at == 12);
  }
}

static void others_keep_their_order(void) {
  start();
  put(0, 52, 12, 10);
  put(1, 51, 12, 11);
  put(2, 53, 12, 12);
  put(3, 51, 1, 13);
  put(4, 51, 0, 14);
  put(5, 51, 12, 15);
  EXPECT(repetitions_take(&room, 6) == 4);
  EXPECT(room.places[51].count == 2);
  static const double left[] = {10, 12, 13, 14};
  for (int i = 0; i < 4; i += 1) EXPECT(room.records[i].arrived_at == left[i]);
}

/* Whatever the memory holds, nothing outside it is read or written. */
static void nonsense_is_borne(void) {
  for (int round = 0; round < 2000; round += 1) {
    start();
    struct repetition *known = &room.places[51];
    for (unsigned int i = 0; i < PACKET_BATCH; i += 1) put(i, 51, 12, i);
    struct packet_record *one = &room.records[draw(PACKET_BATCH)];
    if (draw(2)) one->offset = draw(2) ? PACKET_BYTES - draw(16) : 0x7fffffff + draw(3);
    if (draw(2)) one->length = draw(2) ? draw(64) : UINT32_MAX - draw(4);
    if (draw(2)) known->length = draw(2) ? draw(300) : UINT32_MAX;
    if (draw(2)) room.heard = draw(600);
    EXPECT(repetitions_take(&room, draw(2 * PACKET_BATCH)) <= PACKET_BATCH);
  }
}

/* Nothing known, or something that waits: JavaScript is called, and the socket is not read. */
static void nothing_is_received_behind_what_waits(void) {
  double drained_at = 0;
  memset(&room, 0, sizeof room);
  EXPECT(!repetitions_receive(-1, AF_INET, &drained_at, &room));
  start();
  room.waiting = 1;
  EXPECT(!repetitions_receive(-1, AF_INET, &drained_at, &room) && room.waiting == 1);
  room.waiting = 0;
  EXPECT(!repetitions_receive(-1, AF_INET, &drained_at, &room)); /* EBADF */
}

int main(void) {
  what_repeats_is_counted();
  what_differs_is_not();
  others_keep_their_order();
  nonsense_is_borne();
  nothing_is_received_behind_what_waits();
  return 0;
}
