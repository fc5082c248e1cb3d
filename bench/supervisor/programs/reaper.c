// Runs a command and buries all that is orphaned below it at once, as the init of a machine does.
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
  pid_t child;
  if (argc < 2) return 64;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (posix_spawnp(&child, argv[1], NULL, NULL, argv + 1, environ)) {
    perror("posix_spawnp");
    return 1;
  }
  while (wait(NULL) > 0);
}
