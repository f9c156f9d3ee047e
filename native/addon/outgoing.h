/* A batch of messages or frames that goes out of a socket in few system calls. What is in them is the caller's. */
#ifndef UNDERSTUDY_OUTGOING_H
#define UNDERSTUDY_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mmsghdr;

/* One packet, frame or datagram to send; a frame uses link_index, a packet the addresses, a datagram the
 * addresses and link_index for its port. */
struct outgoing_record {
  uint32_t offset; /* of the bytes to send, from the start of the batch */
  uint32_t length;
  int32_t error; /* out: 0 or errno */
  int32_t link_index;
  uint8_t source[16];
  uint8_t destination[16];
};
_Static_assert(sizeof(struct outgoing_record) == 48, "shared with outgoing.ts");

/* Whether `count` records lie in the `size` bytes of the batch and point into them. */
bool outgoing_batch_is_sound(const uint8_t *batch, size_t size, unsigned int count);

/*
 * Sends `messages`, that of each record, whatever becomes of the others; the number of those that failed. None is sent
 * after `not_after`, in microseconds of CLOCK_BOOTTIME: they fail with ETIMEDOUT. Who was stopped between the decision to
 * send and the sending finds that others have decided meanwhile.
 */
int socket_send_all(int fd, struct outgoing_record *records, struct mmsghdr *messages,
                    unsigned int count, double not_after);

#endif
