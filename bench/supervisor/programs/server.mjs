// The Node server that every supervisor runs: it answers with its pid, at once, slowly, or never again.
import { createServer } from "node:http";

const port = Number(process.argv[2] ?? process.env.PORT);

/** Its name is what a diagnosis is to tell. */
function spinForEver() {
  for (;;);
}

const headers = { "x-pid": process.pid };
const server = createServer((request, response) => {
  const answer = () => response.writeHead(200, headers).end(`${process.pid}\n`);
  if (request.url === "/slow") setTimeout(answer, 200);
  else answer();
  if (request.url === "/block") setTimeout(spinForEver, 5);
});
server.keepAliveTimeout = 60_000;
const held = process.env.LISTEN_PID === String(process.pid);
server.listen(held ? { fd: 3 } : { port, host: "127.0.0.1" });

if (process.env.IGNORES_SIGNALS) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});
}
