// A server on the sockets that were passed to it; without any it ends.
import { createServer } from "node:http";
import { listenFds } from "../../../src/runtime/lifecycle/listen-fds.ts";

const given = listenFds();
if (given.length === 0) process.exit(3);
for (const { name, fd } of given) {
  const server = createServer((_, response) => response.end(`${process.pid} ${name}`));
  server.listen({ fd });
}
