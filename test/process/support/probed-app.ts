// A small service for tests of probes: told by its own port, it is not ready, hangs or stops beating.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { PORT, BEAT } = process.env;
const bornMs = performance.now();
let ready = true;

/** It takes its time: what asks earlier is refused, and its startup path says so for a while more. */
const startedAfterMs = 200;

let beating: NodeJS.Timeout | undefined;
if (BEAT !== undefined) {
  const beat = (): void => writeFileSync(BEAT, "");
  beat();
  beating = setInterval(beat, 50);
}

const server = createServer((request, response) => {
  const { url } = request;
  if (url === "/unready") ready = false;
  if (url === "/ready-again") ready = true;
  if (url === "/flatline") clearInterval(beating);
  if (url === "/block") setTimeout(spinForTheTest, 20);
  const started = performance.now() - bornMs > startedAfterMs;
  const bad = (url === "/ready" && !ready) || (url === "/started" && !started);
  response.writeHead(bad ? 503 : 200).end(bad ? "warming up" : String(process.pid));
});
server.listen(Number(PORT), "127.0.0.1");

function spinForTheTest(): void {
  const untilMs = performance.now() + 30_000;
  while (performance.now() < untilMs);
}

// Whoever handles TERM cannot do it while its loop is blocked.
process.on("SIGTERM", () => process.exit(0));
