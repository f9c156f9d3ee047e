/* Checks of peers in touch: made at their time without JavaScript, as long as every one is answered and nothing comes but
 * what confirms (confirmations.h). When they are due, and until when, is the core's word (src/core/check-plan.ts). */
#ifndef UNDERSTUDY_CHECKS_H
#define UNDERSTUDY_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "confirmations.h"

enum { SIDE_IPV4, SIDE_IPV6, SIDES };
/* Nonces are drawn so many at a time. */
enum { NONCES_DRAWN = 64 };

/* Of one port: its sockets, one of each family at most, and the timer that both share. Not owned. */
struct checker {
  struct confirmer *sides[SIDES]; /* NULL where the port has no socket of the family */
  int sockets[SIDES];
  int timer;
  double armed_for; /* negative: for nothing */
  unsigned int given; /* of the nonces that are drawn */
  uint8_t nonces[NONCES_DRAWN][NONCE_SIZE];
};

/* One with no nonces drawn, and a timer that is not armed. */
void checks_begin(struct checker *checker, int timer);

/* Arms the timer for what the checks wait for next, if it is not armed for that; and says it in the room. */
void checks_arm(struct checker *checker);

/* The timer has expired: hears what has arrived, where more is due than a check, then makes the checks that are due, and
 * arms the timer. False: something else is due, or a check is not an ordinary one: JavaScript is to be called. */
bool checks_pass(struct checker *checker);

#endif
