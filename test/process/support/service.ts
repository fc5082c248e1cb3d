// A service for the tests of the daemon: it is well until it is told to be otherwise.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const { PORT, IGNORES_TERM, ENDS_AFTER_MS, ENDS_WITH = "1", STARTS_AFTER_MS = "0" } = process.env;
const lineBytes = 1_024;
let blockMs = 0;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const number = Number(url.searchParams.get("n") ?? 0);
  const orders: Record<string, () => void> = {
    // The answer leaves first.
    "/end": () => setTimeout(() => process.exit(number), 20),
    "/block": () => {
      blockMs = number;
      setTimeout(block, 20);
    },
    "/child": () => {
      spawn("sleep", ["600"], { stdio: "ignore" });
    },
    "/detached": () => {
      spawn("sleep", ["600"], { stdio: "ignore", detached: true });
    },
    "/flood": () => flood(number),
  };
  orders[url.pathname]?.();
  response.end(String(process.pid));
});
setTimeout(() => server.listen(Number(PORT), "127.0.0.1"), Number(STARTS_AFTER_MS));

if (ENDS_AFTER_MS) setTimeout(() => process.exit(Number(ENDS_WITH)), Number(ENDS_AFTER_MS));
process.on("SIGTERM", () => {
  if (IGNORES_TERM) return;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

function block(): void {
  const untilMs = performance.now() + blockMs;
  while (performance.now() < untilMs);
}

/** Writes so many lines of 1 KiB, as fast as whoever reads them allows. */
function flood(lines: number): void {
  const line = `${"x".repeat(lineBytes - 1)}\n`;
  for (let n = 0; n < lines; n++) process.stdout.write(line);
}
