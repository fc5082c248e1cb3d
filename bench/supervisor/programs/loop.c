// The floor: a bare loop that starts a command again as soon as it has ended.
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  for (;;) {
    pid_t child;
    int status;
    if (posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ)) {
      perror("posix_spawn");
      return 1;
    }
    waitpid(child, &status, 0);
  }
}
