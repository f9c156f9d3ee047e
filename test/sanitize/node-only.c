/* Loaded into every program that a test starts: Node begins again with AddressSanitizer in it, since the addon needs it there
 * first; all others go on without, whatever they would do under it. What has it passes on this alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int is_node(void) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  const char *slash = strrchr(path, '/');
  return slash != NULL && strcmp(slash, "/node") == 0;
}

__attribute__((constructor)) static void begin(int count, char **words) {
  const char *library = getenv("SANITIZER_LIBRARY");
  const char *this = getenv("SANITIZER_NODE_ONLY");
  char both[2 * PATH_MAX];
  (void)count;
  if (library == NULL || this == NULL) return;
  if (dlsym(RTLD_DEFAULT, "__asan_init") != NULL) {
    setenv("LD_PRELOAD", this, 1);
    return;
  }
  if (!is_node()) return;
  snprintf(both, sizeof both, "%s:%s", library, this);
  setenv("LD_PRELOAD", both, 1);
  execve("/proc/self/exe", words, environ);
  abort();
}
