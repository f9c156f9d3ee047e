/* Received packets that repeat, byte for byte, one that JavaScript knows: they are counted in memory that both see, and
 * JavaScript is not called. No socket, and no VRRP: a message is bytes, known by its second one. */
#ifndef UNDERSTUDY_REPETITIONS_H
#define UNDERSTUDY_REPETITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet_socket.h"

enum {
  /* One for each value of the second byte. */
  REPETITION_PLACES = 256,
  /* A longer message is not known. */
  REPETITION_SIZE = 128,
};

/* What is known, written by JavaScript; and what repeated it since JavaScript looked. */
struct repetition {
  double arrived_at; /* the last one: CLOCK_MONOTONIC, microseconds */
  uint32_t count;
  uint32_t length; /* 0: nothing is known here */
  int32_t link_index;
  int32_t hop_limit;
  uint8_t source[16];
  uint8_t destination[16];
  uint8_t message[REPETITION_SIZE];
};
_Static_assert(sizeof(struct repetition) == 184, "shared with packet-repetitions.ts");

/* The memory of a socket. What nobody knows waits at the beginning of the batch. */
struct packet_room {
  struct packet_record records[PACKET_BATCH];
  uint8_t bytes[PACKET_BYTES];
  uint32_t known; /* not 0: something may be known */
  uint32_t waiting; /* records that JavaScript has yet to take */
  uint32_t heard; /* places in `order` */
  uint32_t reserved;
  uint8_t order[REPETITION_PLACES]; /* places with a count, by their first repetition */
  struct repetition places[REPETITION_PLACES];
};
_Static_assert(offsetof(struct packet_room, known) == 134784 &&
                   offsetof(struct packet_room, places) == 135056,
               "shared with packet-repetitions.ts");

/* Counts those of the first `count` records that repeat what is known; the others move to the beginning, in their
 * order. From one that differs on, nothing is known in its place: whatever follows comes after it. How many are left. */
unsigned int repetitions_take(struct packet_room *room, unsigned int count);

/* Receives until the socket is empty. Whether all that came, if anything did, was known: JavaScript need not be
 * called. False, too, when the kernel refuses. */
bool repetitions_receive(int fd, int family, double *drained_at, struct packet_room *room);

#endif
