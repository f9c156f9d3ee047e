/* What a well-behaved service needs and Node lacks: sd_notify(3), flock(2) and SO_PEERCRED.
 * No environment. */
#ifndef UNDERSTUDY_SERVICE_H
#define UNDERSTUDY_SERVICE_H

#include <stddef.h>

/* Sends one datagram to a unix socket, a path or an abstract name behind '@', and waits for nobody: -EAGAIN when
 * its reader is behind. 0 or -errno. */
int service_send(const char *address, const void *message, size_t length);

/* Opens (creating it with mode 0600) and locks the file. The file descriptor, -EWOULDBLOCK when
 * somebody else holds the lock, or another -errno. */
int service_lock(const char *path, const char **call);

struct ucred;

/* Who connected to the unix socket, by the kernel's word: as it was then (SO_PEERCRED). 0 or -errno. */
int service_peer(int fd, struct ucred *peer);

#endif
