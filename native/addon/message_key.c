/* HMAC-SHA-256 with one key, over the OpenSSL that the process has. No protocol, no keys kept anywhere else. */
#include "message_key.h"

#if defined(__has_include)
#if __has_include(<openssl/core_names.h>)
#define HAVE_OPENSSL_HEADERS
#endif
#endif

#ifdef HAVE_OPENSSL_HEADERS
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

/* Node exports the OpenSSL that it carries, and loads that of the distribution where it is built for it. Weak: an
 * addon is loaded all the same where there is none. */
#pragma weak EVP_MAC_fetch
#pragma weak EVP_MAC_free
#pragma weak EVP_MAC_CTX_new
#pragma weak EVP_MAC_CTX_free
#pragma weak EVP_MAC_init
#pragma weak EVP_MAC_update
#pragma weak EVP_MAC_final
#pragma weak OSSL_PARAM_construct_utf8_string
#pragma weak OSSL_PARAM_construct_end
#pragma weak CRYPTO_memcmp

struct message_key {
  EVP_MAC_CTX *context;
};

static bool have_openssl(void) {
  return EVP_MAC_fetch != NULL && EVP_MAC_free != NULL && EVP_MAC_CTX_new != NULL &&
         EVP_MAC_CTX_free != NULL && EVP_MAC_init != NULL && EVP_MAC_update != NULL &&
         EVP_MAC_final != NULL && OSSL_PARAM_construct_utf8_string != NULL &&
         OSSL_PARAM_construct_end != NULL && CRYPTO_memcmp != NULL;
}

struct message_key *message_key_new(const uint8_t *secret, size_t size) {
  if (!have_openssl()) return NULL;
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  struct message_key *key = calloc(1, sizeof *key);
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  if (key == NULL || hmac == NULL) goto cleanup;
  key->context = EVP_MAC_CTX_new(hmac);
  if (key->context == NULL || EVP_MAC_init(key->context, secret, size, parameters) != 1)
    goto cleanup;
  EVP_MAC_free(hmac); /* the context holds it */
  return key;

cleanup:
  EVP_MAC_free(hmac);
  message_key_free(key);
  return NULL;
}

void message_key_free(struct message_key *key) {
  if (key == NULL) return;
  if (key->context != NULL) EVP_MAC_CTX_free(key->context);
  free(key);
}

static bool sign(struct message_key *key, const uint8_t *text, size_t size, uint8_t *mac) {
  size_t length = 0;
  /* Without a key the one before stays in force. */
  return EVP_MAC_init(key->context, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(key->context, text, size) == 1 &&
         EVP_MAC_final(key->context, mac, &length, MESSAGE_MAC_SIZE) == 1 &&
         length == MESSAGE_MAC_SIZE;
}

bool message_key_mac(struct message_key *key, uint8_t *text, size_t size, bool verify) {
  uint8_t right[MESSAGE_MAC_SIZE];
  if (!verify) return sign(key, text, size, text + size);
  return sign(key, text, size, right) && CRYPTO_memcmp(right, text + size, MESSAGE_MAC_SIZE) == 0;
}

#else /* nothing to build against: whoever asks does without */

struct message_key *message_key_new(const uint8_t *secret, size_t size) {
  (void)secret, (void)size;
  return NULL;
}

void message_key_free(struct message_key *key) {
  (void)key;
}

bool message_key_mac(struct message_key *key, uint8_t *text, size_t size, bool verify) {
  (void)key, (void)text, (void)size, (void)verify;
  return false;
}
#endif
