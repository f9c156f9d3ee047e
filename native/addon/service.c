/* What a well-behaved service needs and Node lacks: sd_notify(3), flock(2) and SO_PEERCRED.
 * No environment. */
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int service_send(const char *address, const void *message, size_t length) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t address_length = strlen(address);
  int result = 0;

  if (address[0] != '/' && address[0] != '@') return -EAFNOSUPPORT;
  if (address_length >= sizeof to.sun_path) return -ENAMETOOLONG;
  memcpy(to.sun_path, address, address_length);
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';

  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  /* An abstract name has no terminator: its length is part of the name. */
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address_length);
  if (sendto(fd, message, length, MSG_NOSIGNAL, (struct sockaddr *)&to, size) < 0) result = -errno;
  close(fd);
  return result;
}

int service_lock(const char *path, const char **call) {
  *call = "open";
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
  if (fd < 0) return -errno;

  *call = "flock";
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int service_peer(int fd, struct ucred *peer) {
  socklen_t size = sizeof *peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) < 0 ? -errno : 0;
}
