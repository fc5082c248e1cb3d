// One process of the bench: real HTTP calls over a stalled event loop, and how exact timeouts are.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { compose, timeout } from "../../src/policies/index.ts";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers after 30 ms, or never under /hang; in a process of its own, which does not stall. */
async function serve(): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url !== "/hang") setTimeout(() => response.end("well"), 30);
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object") process.send?.(address?.port);
  });
  process.on("disconnect", () => process.exit(0));
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function stalls(port: number) {
  const guarded = compose(timeout(100));
  const url = `http://127.0.0.1:${port}`;
  const get = (path: string) =>
    guarded.tryRun(({ signal }) => fetch(url + path, { signal }).then((answer) => answer.text()));
  await Promise.all([1, 2, 3, 4, 5].map(() => get("/")));
  let killed = 0;
  const hung: number[] = [];
  for (let round = 0; round < 12; round++) {
    const startedAt = performance.now();
    const calls = [1, 2, 3, 4, 5].map(() => get("/"));
    const hanging = get("/hang").then(() => hung.push(performance.now() - startedAt));
    // The requests are on their way before the loop stalls.
    await wait(12);
    block(250);
    for (const outcome of await Promise.all(calls)) if (!outcome.ok) killed += 1;
    await hanging;
  }
  return { killed, hungMs: Math.max(...hung) };
}

async function accuracy() {
  const guarded = compose(timeout(50));
  const taken: number[] = [];
  const runs: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    const startedAt = performance.now();
    const run = guarded.tryRun(() => new Promise(() => {}));
    runs.push(run.then(() => taken.push(performance.now() - startedAt)));
    await wait(1 + (i % 13));
  }
  await Promise.all(runs);
  const sorted = taken.toSorted((a, b) => a - b);
  return { earliestMs: sorted[0] ?? 0, p50Ms: sorted[100] ?? 0, p99Ms: sorted[197] ?? 0 };
}

if (process.argv[2] === "serve") await serve();
else {
  const server = fork(import.meta.filename, ["serve"]);
  const [port] = (await once(server, "message")) as [number];
  const result = { ...(await stalls(port)), ...(await accuracy()) };
  server.disconnect();
  console.log(JSON.stringify(result));
}
