// The tiny HTTP server that every supervisor runs: it answers each request with its pid.
// server PORT [TAG]: PORT "-" is that of the variable PORT, and with 0 it only waits.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 511)) {
    perror("listen");
    exit(1);
  }
  return fd;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
  const char *given = argc > 1 ? argv[1] : "-";
  const char *variable = getenv("PORT");
  int port = strcmp(given, "-") ? atoi(given) : variable ? atoi(variable) : 0;
  const char *owner = getenv("LISTEN_PID");
  int held = owner && atoi(owner) == getpid();
  if (port == 0 && !held) for (;;) pause();

  char answer[256], request[8192];
  int body = snprintf(request, sizeof request, "%d\n", getpid());
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nx-pid: %d\r\ncontent-length: %d\r\n\r\n%d\n", getpid(),
                        body, getpid());
  int door = held ? 3 : listener(port), poll = epoll_create1(EPOLL_CLOEXEC);
  watch(poll, door);
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == door) {
        int came = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (came >= 0) watch(poll, came);
        continue;
      }
      // A request of these benches comes in one piece.
      ssize_t got = read(fd, request, sizeof request);
      if (got <= 0 || send(fd, answer, length, MSG_NOSIGNAL) != length) close(fd);
    }
  }
}
