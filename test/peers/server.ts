// A thread with an HTTP server: it answers in 30 ms, in two halves, or never, and counts for who shares its memory.
import { createServer } from "node:http";
import { parentPort, workerData } from "node:worker_threads";

/** How many requests to "/" came, and how many were answered. */
const seen = new Int32Array(workerData as SharedArrayBuffer);

const server = createServer((request, response) => {
  if (request.url === "/hang") return;
  if (request.url === "/halves") {
    response.write("one ");
    setTimeout(() => response.end("two"), 50);
    return;
  }
  Atomics.add(seen, 0, 1);
  setTimeout(() => response.end("well", () => Atomics.add(seen, 1, 1)), 30);
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") parentPort?.postMessage(address?.port);
});
