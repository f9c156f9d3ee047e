/* HMAC-SHA-256 with one key, over the OpenSSL that the process has. No protocol, no keys kept anywhere else. */
#ifndef UNDERSTUDY_MESSAGE_KEY_H
#define UNDERSTUDY_MESSAGE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_MAC_SIZE = 32 };

/* Keyed once: each message costs no object and no search for an algorithm. */
struct message_key;

/* NULL when the process has no OpenSSL 3 that its programs share with addons, or no memory. */
struct message_key *message_key_new(const uint8_t *secret, size_t size);
void message_key_free(struct message_key *key);

/* The MAC of the text stands behind it: it is written, or, when `verify` is set, compared in the same time whatever
 * differs. Whether it is right now; false also when OpenSSL refuses. */
bool message_key_mac(struct message_key *key, uint8_t *text, size_t size, bool verify);

#endif
