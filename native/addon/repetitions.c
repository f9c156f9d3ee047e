/* Packets that repeat what is known: compared, counted, and no more. */
#include "repetitions.h"

#include <string.h>

/* Of a flood the rest comes with the next turn of the loop. */
enum { BATCHES_AT_ONCE = 16 };

static bool repeats(const struct packet_room *room, const struct packet_record *record,
                    const struct repetition *known) {
  if (known->length > REPETITION_SIZE || record->length != known->length) return false;
  if (record->offset > PACKET_BYTES || record->length > PACKET_BYTES - record->offset) return false;
  return record->link_index == known->link_index && record->hop_limit == known->hop_limit &&
         memcmp(record->source, known->source, sizeof record->source) == 0 &&
         memcmp(record->destination, known->destination, sizeof record->destination) == 0 &&
         memcmp(room->bytes + record->offset, known->message, known->length) == 0;
}

static void count_one(struct packet_room *room, uint8_t place, double arrived_at) {
  struct repetition *known = &room->places[place];
  if (known->count == 0) {
    if (room->heard >= REPETITION_PLACES) return; /* each place stands there once */
    room->order[room->heard] = place;
    room->heard += 1;
  }
  known->count += 1;
  if (arrived_at > known->arrived_at) known->arrived_at = arrived_at;
}

unsigned int repetitions_take(struct packet_room *room, unsigned int count) {
  unsigned int left = 0;
  for (unsigned int i = 0; i < count && i < PACKET_BATCH; i += 1) {
    const struct packet_record *record = &room->records[i];
    if (record->length >= 2 && record->offset <= PACKET_BYTES - 2) {
      const uint8_t place = room->bytes[record->offset + 1];
      if (room->places[place].length != 0 && repeats(room, record, &room->places[place])) {
        count_one(room, place, record->arrived_at);
        continue;
      }
      room->places[place].length = 0;
    }
    room->records[left] = *record;
    left += 1;
  }
  return left;
}

bool repetitions_receive(int fd, int family, double *drained_at, struct packet_room *room) {
  if (room->known == 0 || room->waiting != 0) return false;
  for (int batch = 0; batch < BATCHES_AT_ONCE; batch += 1) {
    int count = advertisement_socket_receive(fd, family, PACKET_BATCH, drained_at, room->records,
                                             room->bytes);
    /* Whoever receives next is told the same. */
    if (count < 0) return false;
    room->waiting = repetitions_take(room, (unsigned int)count);
    if (room->waiting != 0) return false;
    if (count < PACKET_BATCH) return true;
  }
  return true;
}
