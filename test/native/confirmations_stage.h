/* One peer with one path, in touch with us, and messages of it: for whoever feeds native/addon/confirmations.c. The MAC is
 * a sum, and no cryptography; no descriptor is a socket. */
#ifndef UNDERSTUDY_CONFIRMATIONS_STAGE_H
#define UNDERSTUDY_CONFIRMATIONS_STAGE_H

#include <errno.h>

#include "../../native/addon/confirmations.c"

#include "expect.h"

enum { REPORT = 40, MESSAGE = PEER_HEADER_SIZE + REPORT + MESSAGE_MAC_SIZE, ROOM_PATHS = 2 };

struct message_key {
  uint8_t secret;
};

static void sum(const struct message_key *key, const uint8_t *text, size_t size, uint8_t *mac) {
  uint32_t state = key->secret;
  for (size_t i = 0; i < size; i += 1) state = state * 16777619u + text[i];
  for (int i = 0; i < MESSAGE_MAC_SIZE; i += 1)
    mac[i] = (uint8_t)((state >> (i % 4) * 8) + (uint32_t)i);
}

bool message_key_mac(struct message_key *key, uint8_t *text, size_t size, bool verify) {
  uint8_t right[MESSAGE_MAC_SIZE];
  sum(key, text, size, verify ? right : text + size);
  return !verify || memcmp(right, text + size, MESSAGE_MAC_SIZE) == 0;
}

/* Nothing has arrived at a descriptor that is one. */
int datagram_socket_receive(int fd, int family, int capacity, struct datagram_batch *batch) {
  (void)family, (void)capacity, (void)batch;
  return fd < 0 ? -EBADF : 0;
}

static unsigned int stage_sent;
static bool stage_refuses = true;

int datagram_socket_send(int fd, int family, uint8_t *batch, unsigned int count) {
  struct outgoing_record *records = (struct outgoing_record *)(void *)batch;
  (void)fd, (void)family;
  for (unsigned int i = 0; i < count; i += 1) records[i].error = stage_refuses ? EBADF : 0;
  if (!stage_refuses) stage_sent += count;
  return stage_refuses ? (int)count : 0;
}

static struct message_key stage_key = {7};
static struct datagram_room stage_arrived;
static struct {
  struct peer_room room;
  struct peer_place peer;
  struct path_place paths[ROOM_PATHS];
} stage;
static struct confirmer confirmer;
static const uint8_t stage_source[16] = {10, 98, 0, 2};

/* Five nonces drawn, all of one byte each; numbers up to 100 received, but 98. */
static void set_stage(void) {
  memset(&stage, 0, sizeof stage);
  memset(&stage_arrived, 0, sizeof stage_arrived);
  confirmer = (struct confirmer){.arrived = &stage_arrived,
                                 .room = &stage.room,
                                 .peers = 1,
                                 .paths = ROOM_PATHS,
                                 .keys = {NULL, &stage_key}};
  struct peer_place *peer = &stage.peer;
  peer->highest = 100;
  peer->received[0] = peer->received[1] = UINT32_MAX;
  peer->received[1] ^= 4;
  peer->drawn = 5;
  for (uint8_t i = 0; i < 5; i += 1) memset(peer->nonces[i], 0x11 * (i + 1), NONCE_SIZE);
  peer->has_session = 1;
  peer->session[0] = 0x01020304;
  peer->session[1] = 0x05060708;
  peer->key = 1;
  peer->sequence = 1000;
  peer->length = REPORT;
  memset(peer->report, 0x5a, REPORT);
  stage.paths[1].open = 1;
  stage.paths[1].family = 4;
  memcpy(stage.paths[1].address, stage_source, sizeof stage_source);
  stage.room.message_length = 100;
  memset(stage.room.message, 0xcc, 100);
}

static void sign_message(uint8_t *message, uint32_t length) {
  if (length >= MESSAGE_MAC_SIZE)
    message_key_mac(&stage_key, message, length - MESSAGE_MAC_SIZE, false);
}

/* Lays out one that is in order, at this place of the batch. */
static uint8_t *put_message(unsigned int index, uint8_t kind, uint8_t nonce, uint64_t number) {
  uint8_t *message = stage_arrived.batch.bytes[index];
  struct datagram_record *record = &stage_arrived.batch.records[index];
  memset(message, 0, DATAGRAM_SIZE);
  memcpy(message, beginning, sizeof beginning);
  message[AT_KIND] = kind;
  put_word(message + AT_SESSION, 0x01020304);
  put_word(message + AT_SESSION + 4, 0x05060708);
  put_word(message + AT_SEQUENCE, (uint32_t)(number >> 32));
  put_word(message + AT_SEQUENCE + 4, (uint32_t)number);
  memset(message + AT_NONCE, 0xb0 + (int)index, NONCE_SIZE);
  memset(message + AT_ECHO, nonce, NONCE_SIZE);
  memset(message + PEER_HEADER_SIZE, 0x5a, REPORT);
  *record = (struct datagram_record){.length = MESSAGE, .port = 7112};
  memcpy(record->source, stage_source, sizeof stage_source);
  sign_message(message, MESSAGE);
  return message;
}

#endif
