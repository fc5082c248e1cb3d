// Says something by sd_notify(3) so many times, with a pause after each: notify-say TIMES PAUSE_MS TEXT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
  const char *path = getenv("NOTIFY_SOCKET");
  if (count != 4 || !path) return 2;
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  strncpy(to.sun_path, path, sizeof to.sun_path - 1);
  int out = socket(AF_UNIX, SOCK_DGRAM, 0);
  long lost = 0;
  double worst_ms = 0;
  for (long left = atol(words[1]); left > 0; left--) {
    struct timespec from, till;
    clock_gettime(CLOCK_MONOTONIC, &from);
    if (sendto(out, words[3], strlen(words[3]), 0, (struct sockaddr *)&to, sizeof to) < 0) lost++;
    clock_gettime(CLOCK_MONOTONIC, &till);
    double ms = (till.tv_sec - from.tv_sec) * 1e3 + (till.tv_nsec - from.tv_nsec) / 1e6;
    if (ms > worst_ms) worst_ms = ms;
    if (atol(words[2]) > 0) usleep(atol(words[2]) * 1000);
  }
  printf("{\"lost\":%ld,\"worstMs\":%.3f}\n", lost, worst_ms);
  return 0;
}
