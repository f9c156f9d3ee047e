/* Checks of peers in touch. What a check is, and what follows from a missing answer, is said in src/core/peers: whatever
 * is not ordinary is left to it, at the time when it is due. */
#include "checks.h"

#include <math.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "deadline_timer.h"

static const int families[SIDES] = {AF_INET, AF_INET6};

/* Any of the sockets: room, peers and paths are the port's. */
static struct confirmer *port_of(const struct checker *checker) {
  struct confirmer *four = checker->sides[SIDE_IPV4];
  return four != NULL ? four : checker->sides[SIDE_IPV6];
}

static int side_of(const struct path_place *path) {
  return path->family == 4 ? SIDE_IPV4 : SIDE_IPV6;
}

void checks_begin(struct checker *checker, int timer) {
  memset(checker, 0, sizeof *checker);
  checker->timer = timer;
  checker->armed_for = -1;
  checker->given = NONCES_DRAWN;
}

static double sooner(double a, double b) {
  return a < b ? a : b;
}

/* When the next check is due. */
static double next_check(const struct confirmer *port) {
  const struct peer_place *peers = peers_of(port);
  double next = HUGE_VAL;
  for (unsigned int i = 0; i < port->peers; i += 1) next = sooner(next, peers[i].next_check);
  return next;
}

/* When anything else is due: a failure, or a silence that is nearly one. */
static double next_doubt(const struct confirmer *port) {
  const struct path_place *paths = paths_of(port);
  double next = HUGE_VAL;
  for (unsigned int i = 0; i < port->paths; i += 1)
    next = sooner(next, sooner(paths[i].fail_at, paths[i].nearly_silent_at));
  return next;
}

void checks_arm(struct checker *checker) {
  struct confirmer *port = port_of(checker);
  if (port == NULL || port->room->planned == 0) return;
  const double soonest = sooner(next_check(port), next_doubt(port));
  /* A negative instant would disarm. */
  const double due = soonest > 0 ? soonest : 0;
  port->room->due = due;
  if (due == checker->armed_for) return;
  checker->armed_for = deadline_timer_arm(checker->timer, due) == 0 ? due : -1;
}

/* Whether every path is trusted, and has answered the check before. */
static bool is_all_well(const struct confirmer *port) {
  const struct path_place *paths = paths_of(port);
  for (unsigned int i = 0; i < port->paths; i += 1)
    if (paths[i].open == 0 || paths[i].answered == 0) return false;
  return true;
}

/* Whether nothing came but what confirms. Of a socket that is closed nothing can be said. */
static bool hear(struct checker *checker) {
  for (int side = 0; side < SIDES; side += 1) {
    struct confirmer *confirmer = checker->sides[side];
    if (confirmer == NULL) continue;
    if (checker->sockets[side] < 0) return false;
    if (confirmations_receive(confirmer, checker->sockets[side], families[side]) == MORE)
      return false;
  }
  return true;
}

static struct message_key *key_for(const struct checker *checker, const struct path_place *path) {
  const struct confirmer *side = checker->sides[side_of(path)];
  const uint32_t place = peers_of(side)[path->peer].signs_with;
  return place < CONFIRMATION_KEYS ? side->keys[place] : NULL;
}

/* Whether a request can go out on this path: all go, or none. */
static bool can_ask(const struct checker *checker, const struct path_place *path) {
  const int side = side_of(path);
  if (checker->sides[side] == NULL || checker->sockets[side] < 0) return false;
  const struct confirmer *confirmer = checker->sides[side];
  if (path->peer >= confirmer->peers || confirmer->paths > PATHS_MAXIMUM) return false;
  const struct peer_place *peer = &peers_of(confirmer)[path->peer];
  return confirmer->laid == 0 && peer->has_echo != 0 && whole_number(peer->drawn) != 0 &&
         peer->port != 0 && peer->port <= UINT16_MAX && key_for(checker, path) != NULL;
}

static bool can_ask_all(const struct checker *checker, const struct confirmer *port) {
  const struct path_place *paths = paths_of(port);
  if (!has_message(port) || port->room->noted + port->peers > CONFIRMATIONS_NOTED) return false;
  for (unsigned int i = 0; i < port->paths; i += 1)
    if (!can_ask(checker, &paths[i])) return false;
  return true;
}

/* The next nonce; NULL when the kernel has none. */
static const uint8_t *next_nonce(struct checker *checker) {
  if (checker->given == NONCES_DRAWN) {
    const ssize_t size = sizeof checker->nonces;
    if (getrandom(checker->nonces, sizeof checker->nonces, GRND_NONBLOCK) != size) return NULL;
    checker->given = 0;
  }
  checker->given += 1;
  return checker->nonces[checker->given - 1];
}

/* Begins the check of this peer, and lays out its requests. */
static bool ask(struct checker *checker, struct confirmer *port, uint32_t which, double now) {
  struct peer_place *peer = &peers_of(port)[which];
  struct path_place *paths = paths_of(port);
  const uint8_t *nonce = next_nonce(checker);
  if (nonce == NULL) return false;
  const uint64_t drawn = whole_number(peer->drawn) + 1;
  memcpy(peer->nonces[(drawn - 1) % NONCES_KEPT], nonce, NONCE_SIZE);
  peer->drawn = (double)drawn;
  const double following = peer->next_check + port->room->interval;
  peer->next_check = following > now ? following : now + port->room->interval;
  port->room->notes[port->room->noted] = (struct confirmation){.at = now, .path = which};
  port->room->noted += 1;
  for (uint32_t i = 0; i < port->paths; i += 1) {
    if (paths[i].peer != which) continue;
    paths[i].answered = 0;
    if (!confirmations_lay(checker->sides[side_of(&paths[i])], i, REQUEST, peer->echo,
                           (uint16_t)peer->port, key_for(checker, &paths[i])))
      return false;
  }
  return true;
}

/* What was laid out goes out in any case. */
static bool send_all(struct checker *checker) {
  bool sent = true;
  for (int side = 0; side < SIDES; side += 1) {
    struct confirmer *confirmer = checker->sides[side];
    if (confirmer != NULL && confirmer->laid > 0 &&
        !confirmations_send(confirmer, checker->sockets[side], families[side]))
      sent = false;
  }
  return sent;
}

static bool make_checks(struct checker *checker, struct confirmer *port, double now) {
  struct peer_place *peers = peers_of(port);
  bool asked = true;
  for (uint32_t i = 0; i < port->peers && asked; i += 1)
    if (peers[i].next_check <= now) asked = ask(checker, port, i, now);
  return send_all(checker) && asked;
}

bool checks_pass(struct checker *checker) {
  struct confirmer *port = port_of(checker);
  checker->armed_for = -1;
  if (port == NULL || port->room->planned == 0) return true;
  double now = monotonic_microseconds();
  /* Packets, then the clock: an answer that waits in a socket has come in time. */
  if (!is_all_well(port) || next_doubt(port) <= now) {
    if (!hear(checker)) return false;
    now = monotonic_microseconds();
  }
  if (next_doubt(port) <= now) return false;
  const double next = next_check(port);
  if (next <= now) {
    if (now - next > port->room->tolerance || now >= port->room->until) return false;
    if (!is_all_well(port) || !can_ask_all(checker, port)) return false;
    if (!make_checks(checker, port, now)) return false;
  }
  checks_arm(checker);
  return true;
}
