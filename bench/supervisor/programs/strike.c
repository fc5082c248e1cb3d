// strike SIGNAL PID PORT LIMIT_MS TRY_MS POLL_US: signals a process and asks until another answers.
// Prints "MS PID TRIES" of the first answer of another process, "- 0 TRIES" when none came in time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

// The pid that answers, or 0.
static int ask(int port, int try_ms) {
  static const char question[] = "GET /pid HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct timeval wait = {.tv_sec = try_ms / 1000, .tv_usec = try_ms % 1000 * 1000};
  char text[4096];
  int length = 0, pid = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
      send(fd, question, sizeof question - 1, MSG_NOSIGNAL) > 0) {
    for (;;) {
      ssize_t got = recv(fd, text + length, sizeof text - 1 - length, 0);
      if (got <= 0) break;
      length += got;
      text[length] = 0;
      char *end = strstr(text, "\r\n\r\n"), *head = strcasestr(text, "\r\nx-pid: ");
      if (end == NULL && length < (int)sizeof text - 1) continue;
      if (head != NULL && head < end) pid = atoi(head + 9);
      break;
    }
  }
  close(fd);
  return pid;
}

int main(int argc, char **argv) {
  if (argc < 7) return 64;
  int signal = atoi(argv[1]), pid = atoi(argv[2]), port = atoi(argv[3]);
  double limit = atof(argv[4]);
  int try_ms = atoi(argv[5]), tries = 0;
  struct timespec pause = {.tv_nsec = atol(argv[6]) * 1000};
  prctl(PR_SET_TIMERSLACK, 1UL);
  double from = now();
  if (signal != 0 && kill(pid, signal)) {
    perror("kill");
    return 1;
  }
  while (now() - from < limit) {
    tries++;
    int answered = ask(port, try_ms);
    if (answered != 0 && answered != pid) {
      printf("%.3f %d %d\n", now() - from, answered, tries);
      return 0;
    }
    nanosleep(&pause, NULL);
  }
  printf("- 0 %d\n", tries);
}
