/* Messages of peers that only confirm what is known: verified, answered and noted. What is believed, and why, is said in
 * src/peer-channel: whatever is not in order here is taken by it, as if nobody had looked. */
#include "confirmations.h"

#include <string.h>
#include <sys/socket.h>

#include "deadline_timer.h"

enum { AT_KIND = 6, AT_FLAGS = 7, AT_SESSION = 8, AT_SEQUENCE = 16, AT_NONCE = 24, AT_ECHO = 40 };
enum { FLAG_TRUNCATED = 1, SEQUENCE_WINDOW = 64 };
/* Of a flood the rest comes with the next turn of the loop. */
enum { BATCHES_AT_ONCE = 2 };

/* "UNDY", and the major version. */
static const uint8_t beginning[5] = {0x55, 0x4e, 0x44, 0x59, 1};
/* 2^53: JavaScript has no number behind it. */
static const double numbers_end = 9007199254740992.0;

static uint32_t word_at(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_word(uint8_t *bytes, uint32_t word) {
  for (int i = 0; i < 4; i += 1) bytes[i] = (uint8_t)(word >> (24 - 8 * i));
}

uint64_t whole_number(double number) {
  return number >= 1 && number < numbers_end ? (uint64_t)number : 0;
}

size_t peer_room_size(unsigned int peers, unsigned int paths) {
  return sizeof(struct peer_room) + peers * sizeof(struct peer_place) +
         paths * sizeof(struct path_place);
}

struct peer_place *peers_of(const struct confirmer *confirmer) {
  return (struct peer_place *)(void *)(confirmer->room + 1);
}

struct path_place *paths_of(const struct confirmer *confirmer) {
  return (struct path_place *)(void *)(peers_of(confirmer) + confirmer->peers);
}

/* The place of the open path to this source; the number of paths when there is none. */
static uint32_t path_from(const struct confirmer *confirmer, int family, const uint8_t *source) {
  const struct path_place *paths = paths_of(confirmer);
  const uint32_t version = family == AF_INET ? 4 : 6;
  for (uint32_t i = 0; i < confirmer->paths; i += 1)
    if (paths[i].family == version && memcmp(paths[i].address, source, 16) == 0)
      return paths[i].open != 0 && paths[i].peer < confirmer->peers ? i : confirmer->paths;
  return confirmer->paths;
}

/* REQUEST or ANSWER with the report that is known; 0 for any other. */
static uint16_t kind_of_repetition(const struct peer_place *peer, const uint8_t *message,
                                   uint32_t length) {
  if (peer->length > PEER_REPORT_SIZE) return 0;
  if (length != PEER_HEADER_SIZE + peer->length + MESSAGE_MAC_SIZE) return 0;
  if (memcmp(message, beginning, sizeof beginning) != 0) return 0;
  if ((message[AT_FLAGS] & FLAG_TRUNCATED) != peer->truncated) return 0;
  if (memcmp(message + PEER_HEADER_SIZE, peer->report, peer->length) != 0) return 0;
  return message[AT_KIND] == REQUEST || message[AT_KIND] == ANSWER ? message[AT_KIND] : 0;
}

/* How many checks ago the nonce was drawn that this is, 0 the latest; -1 for none. Compared in constant time. */
static int checks_since(const struct peer_place *peer, const uint8_t *echo) {
  const uint64_t drawn = whole_number(peer->drawn);
  for (int age = 0; age < NONCES_KEPT && (uint64_t)age < drawn; age += 1) {
    const uint8_t *nonce = peer->nonces[(drawn - 1 - (uint64_t)age) % NONCES_KEPT];
    uint8_t difference = 0;
    for (int i = 0; i < NONCE_SIZE; i += 1) difference |= nonce[i] ^ echo[i];
    if (difference == 0) return age;
  }
  return -1;
}

/* The number of a message of the session that is known; 0 where it is another one, or no number. */
static uint64_t number_of(const struct peer_place *peer, const uint8_t *message) {
  if (peer->has_session == 0 || peer->session[0] != word_at(message + AT_SESSION) ||
      peer->session[1] != word_at(message + AT_SESSION + 4))
    return 0;
  const uint64_t number =
      (uint64_t)word_at(message + AT_SEQUENCE) << 32 | word_at(message + AT_SEQUENCE + 4);
  return number < (uint64_t)numbers_end ? number : 0;
}

/* Whether it came already, or lies too far back to know. */
static bool is_seen(const struct peer_place *peer, uint64_t number) {
  const uint64_t highest = whole_number(peer->highest);
  if (number > highest) return false;
  const uint64_t back = highest - number;
  if (back >= SEQUENCE_WINDOW) return true;
  const uint64_t received = (uint64_t)peer->received[0] << 32 | peer->received[1];
  return (received >> back & 1) != 0;
}

/* Notes that it came. Whether it is the newest. */
static bool take_number(struct peer_place *peer, uint64_t number) {
  const uint64_t highest = whole_number(peer->highest);
  const bool newest = number > highest;
  uint64_t received = (uint64_t)peer->received[0] << 32 | peer->received[1];
  if (newest) {
    const uint64_t ahead = number - highest;
    received = (ahead < SEQUENCE_WINDOW ? received << ahead : 0) | 1;
    peer->highest = (double)number;
  } else {
    received |= (uint64_t)1 << (highest - number);
  }
  peer->received[0] = (uint32_t)(received >> 32);
  peer->received[1] = (uint32_t)received;
  return newest;
}

bool confirmations_lay(struct confirmer *confirmer, uint32_t on, uint8_t kind, const uint8_t *echo,
                       uint16_t port, struct message_key *key) {
  struct path_place *path = &paths_of(confirmer)[on];
  struct peer_place *peer = &peers_of(confirmer)[path->peer];
  const unsigned int index = confirmer->laid;
  const uint32_t length = confirmer->room->message_length;
  const uint64_t sequence = whole_number(peer->sequence) + 1;
  uint8_t *bytes = confirmer->batch.bytes[index];
  struct outgoing_record *record = &confirmer->batch.records[index];

  memcpy(bytes, confirmer->room->message, length);
  bytes[AT_KIND] = kind;
  put_word(bytes + AT_SEQUENCE, (uint32_t)(sequence >> 32));
  put_word(bytes + AT_SEQUENCE + 4, (uint32_t)sequence);
  memcpy(bytes + AT_NONCE, peer->nonces[(whole_number(peer->drawn) - 1) % NONCES_KEPT], NONCE_SIZE);
  memcpy(bytes + AT_ECHO, echo, NONCE_SIZE);
  if (!message_key_mac(key, bytes, length - MESSAGE_MAC_SIZE, false)) return false;
  *record = (struct outgoing_record){.offset = (uint32_t)(bytes - (uint8_t *)&confirmer->batch),
                                     .length = length,
                                     .link_index = port};
  memcpy(record->source, path->source, sizeof record->source);
  memcpy(record->destination, path->address, sizeof record->destination);
  peer->sequence = (double)sequence;
  path->sent += 1;
  confirmer->laid_on[index] = on;
  confirmer->laid += 1;
  return true;
}

bool has_message(const struct confirmer *confirmer) {
  const uint32_t length = confirmer->room->message_length;
  return length >= PEER_HEADER_SIZE + MESSAGE_MAC_SIZE && length <= PEER_MESSAGE_SIZE;
}

/* Whether we could answer on this path, to that port. */
static bool can_answer(const struct confirmer *confirmer, uint32_t port) {
  return port != 0 && port <= UINT16_MAX && confirmer->laid < DATAGRAM_BATCH &&
         has_message(confirmer);
}

static void note(struct confirmer *confirmer, uint32_t on, const uint8_t *message, uint16_t kind,
                 int age, bool newest, double now) {
  struct peer_room *room = confirmer->room;
  struct path_place *path = &paths_of(confirmer)[on];
  struct peer_place *peer = &peers_of(confirmer)[path->peer];
  const bool answered = kind == ANSWER && age == 0 && path->answered == 0;
  if (newest) {
    memcpy(peer->echo, message + AT_NONCE, NONCE_SIZE);
    peer->has_echo = 1;
    peer->newest_kind = kind;
  }
  if (answered) {
    path->answered = 1;
    path->fail_at = now + room->fail_after;
  }
  path->nearly_silent_at = now + room->nearly_silent_after;
  confirmer->answered |= answered;
  path->received += 1;
  path->received_at = now;
  room->notes[room->noted] = (struct confirmation){
      .at = now, .path = on, .kind = (uint16_t)peer->newest_kind, .answered = answered};
  room->noted += 1;
}

/* Nothing is noted of one that is not taken. */
static bool confirm(struct confirmer *confirmer, int family, const struct datagram_record *record,
                    uint8_t *message, double now) {
  const uint32_t on = path_from(confirmer, family, record->source);
  if (on == confirmer->paths || confirmer->room->noted >= CONFIRMATIONS_NOTED) return false;
  struct peer_place *peer = &peers_of(confirmer)[paths_of(confirmer)[on].peer];
  const uint16_t kind = kind_of_repetition(peer, message, record->length);
  if (kind == 0 || (kind == REQUEST && !can_answer(confirmer, record->port))) return false;
  const int age = checks_since(peer, message + AT_ECHO);
  const uint64_t number = number_of(peer, message);
  if (age < 0 || number == 0 || is_seen(peer, number) || peer->key >= CONFIRMATION_KEYS)
    return false;
  struct message_key *key = confirmer->keys[peer->key];
  if (key == NULL || !message_key_mac(key, message, record->length - MESSAGE_MAC_SIZE, true))
    return false;
  /* With the nonce of the request for an echo, and the key of the request. */
  if (kind == REQUEST &&
      !confirmations_lay(confirmer, on, ANSWER, message + AT_NONCE, (uint16_t)record->port, key))
    return false;
  note(confirmer, on, message, kind, age, take_number(peer, number), now);
  return true;
}

unsigned int confirmations_take(struct confirmer *confirmer, int family, unsigned int count,
                                double now) {
  struct datagram_batch *batch = &confirmer->arrived->batch;
  unsigned int taken = 0;
  while (taken < count && taken < DATAGRAM_BATCH &&
         confirm(confirmer, family, &batch->records[taken], batch->bytes[taken], now))
    taken += 1;
  return taken;
}

bool confirmations_send(struct confirmer *confirmer, int fd, int family) {
  const unsigned int count = confirmer->laid;
  confirmer->laid = 0;
  if (count == 0 || datagram_socket_send(fd, family, (uint8_t *)&confirmer->batch, count) == 0)
    return true;
  for (unsigned int i = 0; i < count; i += 1) {
    if (confirmer->batch.records[i].error == 0) continue;
    struct path_place *path = &paths_of(confirmer)[confirmer->laid_on[i]];
    path->refusal = confirmer->batch.records[i].error;
    path->refused += 1;
    path->open = 0;
  }
  return false;
}

/* Whether the last answer to a check came, since this was last asked. */
static bool is_all_answered(struct confirmer *confirmer) {
  const struct path_place *paths = paths_of(confirmer);
  if (!confirmer->answered) return false;
  for (uint32_t i = 0; i < confirmer->paths; i += 1)
    if (paths[i].open != 0 && paths[i].answered == 0) return false;
  confirmer->answered = false;
  return true;
}

enum heard confirmations_receive(struct confirmer *confirmer, int fd, int family) {
  struct datagram_room *arrived = confirmer->arrived;
  if (arrived->waiting != 0) return MORE;
  for (int batch = 0; batch < BATCHES_AT_ONCE; batch += 1) {
    const int count = datagram_socket_receive(fd, family, DATAGRAM_BATCH, &arrived->batch);
    /* Whoever receives next is told the same. */
    if (count < 0) return MORE;
    const unsigned int taken =
        confirmations_take(confirmer, family, (unsigned int)count, monotonic_microseconds());
    arrived->first = taken;
    arrived->waiting = (unsigned int)count - taken;
    if (!confirmations_send(confirmer, fd, family) || arrived->waiting != 0) return MORE;
    if (count < DATAGRAM_BATCH) return is_all_answered(confirmer) ? ALL_ANSWERED : CONFIRMED;
  }
  return CONFIRMED;
}
