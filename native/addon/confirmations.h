/* Messages of peers that only confirm what is known: verified, answered and noted in memory that JavaScript sees, too.
 * JavaScript is not called. Whatever says more is left to it. docs/HA-PROTOCOL.md describes the message. */
#ifndef UNDERSTUDY_CONFIRMATIONS_H
#define UNDERSTUDY_CONFIRMATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datagram_socket.h"
#include "message_key.h"

enum {
  NONCE_SIZE = 16,
  NONCES_KEPT = 16,
  PEER_HEADER_SIZE = 56,
  PEER_MESSAGE_SIZE = 1200,
  PEER_REPORT_SIZE = PEER_MESSAGE_SIZE - PEER_HEADER_SIZE - MESSAGE_MAC_SIZE,
  CONFIRMATION_KEYS = 8,
  PATHS_MAXIMUM = DATAGRAM_BATCH, /* with more of a family no check is made here */
  /* With more than these JavaScript is called. */
  CONFIRMATIONS_NOTED = 1024,
};

/* One that was taken; or a check that was made. */
struct confirmation {
  double at; /* CLOCK_MONOTONIC, microseconds */
  uint32_t path; /* of a check: the peer */
  uint16_t kind; /* of the newest message of this peer; 0: a check */
  uint16_t answered; /* 1: the first answer on this path to the latest check */
};

/* What is known of a peer. Written by JavaScript, which judges what is not in order; what is in order is noted here. */
struct peer_place {
  double highest; /* number in its session */
  double
      drawn; /* nonces, the initial one included; the latest stands at (drawn - 1) % NONCES_KEPT */
  double drawn_at_change; /* of the session: of account to JavaScript alone */
  double sequence; /* of our last message to it */
  double next_check;
  uint32_t session[2]; /* the first half is the higher one */
  uint32_t received[2]; /* bit i of both halves together: the number `highest - i` was received */
  uint32_t has_session;
  uint32_t has_echo;
  uint32_t newest_kind;
  uint32_t truncated; /* as the header says it with the report */
  uint32_t length; /* of the report */
  uint32_t key; /* its place among the keys */
  uint32_t port;
  uint32_t signs_with; /* the place of the key for what we say unasked */
  uint8_t echo[NONCE_SIZE]; /* the peer's latest nonce */
  uint8_t nonces[NONCES_KEPT][NONCE_SIZE]; /* ours for it */
  uint8_t report[PEER_REPORT_SIZE];
};

struct path_place {
  double received_at; /* negative before the first */
  double sent;
  double received;
  double fail_at; /* unless an answer comes */
  double nearly_silent_at; /* unless anything comes */
  uint32_t open; /* not 0: what confirms is taken here */
  uint32_t peer;
  uint32_t family; /* 4 or 6 */
  uint32_t answered; /* not 0: the latest check was */
  uint32_t refused; /* answers that the kernel refused, and have yet to be counted */
  int32_t refusal; /* errno of the last of them */
  uint8_t address[16]; /* of the peer */
  uint8_t source[16]; /* of ours; all zero leaves it to the kernel */
};

/* Of one port. Behind it stand its peers, then its paths. */
struct peer_room {
  uint32_t noted;
  uint32_t message_length; /* 0: nothing to answer with */
  uint8_t message[PEER_MESSAGE_SIZE]; /* what answers have in common, with room for the rest */
  double due; /* what the checks wait for; negative where they are JavaScript's */
  double until; /* from then on a check is JavaScript's */
  double interval;
  double fail_after; /* an answer */
  double nearly_silent_after; /* any message */
  double tolerance; /* a check that is later is JavaScript's */
  uint32_t planned; /* not 0: checks are made here */
  uint32_t reserved;
  struct confirmation notes[CONFIRMATIONS_NOTED];
};
_Static_assert(sizeof(struct confirmation) == 16 && sizeof(struct peer_place) == 1472 &&
                   sizeof(struct path_place) == 96 && sizeof(struct peer_room) == 17648,
               "shared with peer-room.ts");

/* Where a socket receives. What is left to JavaScript stands from `first` on. */
struct datagram_room {
  struct datagram_batch batch;
  uint32_t first;
  uint32_t waiting;
};

/* One socket of the port, the memory, and the keys by their places. */
struct confirmer {
  struct datagram_room *arrived;
  struct peer_room *room;
  unsigned int peers;
  unsigned int paths;
  struct message_key *keys[CONFIRMATION_KEYS]; /* not owned */
  bool answered; /* a path was, to the latest check, since it was last asked whether all are */
  unsigned int laid; /* out, and not sent */
  uint32_t laid_on[DATAGRAM_BATCH]; /* the path of each */
  struct laid_out {
    struct outgoing_record records[DATAGRAM_BATCH];
    uint8_t bytes[DATAGRAM_BATCH][PEER_MESSAGE_SIZE];
  } batch;
};

/* The size of a room for so many. */
size_t peer_room_size(unsigned int peers, unsigned int paths);

/* Takes what has arrived, from the first of the batch on, up to one that says more. Answers are laid out. How many were
 * taken; all that comes after them is left to JavaScript, in order. */
unsigned int confirmations_take(struct confirmer *confirmer, int family, unsigned int count,
                                double now);

enum heard {
  CONFIRMED, /* nothing but that */
  ALL_ANSWERED, /* and the last path has answered a check: what waits for that need not wait any more */
  MORE, /* is JavaScript's */
};

/* Receives, takes and answers. */
enum heard confirmations_receive(struct confirmer *confirmer, int fd, int family);

enum { REQUEST = 1, ANSWER = 2 };

/* Lays out the next message to the peer on this path, with `echo`; no more than DATAGRAM_BATCH before they are sent. */
bool confirmations_lay(struct confirmer *confirmer, uint32_t on, uint8_t kind, const uint8_t *echo,
                       uint16_t port, struct message_key *key);

/* Sends what is laid out. Whether the kernel took it all. A path where it refused is JavaScript's. */
bool confirmations_send(struct confirmer *confirmer, int fd, int family);

struct peer_place *peers_of(const struct confirmer *confirmer);
struct path_place *paths_of(const struct confirmer *confirmer);
/* There is something to say, and room to lay it out. */
bool has_message(const struct confirmer *confirmer);
/* A whole number that can be counted on; 0 for anything else. */
uint64_t whole_number(double number);

#endif
