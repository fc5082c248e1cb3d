// Requests at a steady pace over kept connections, and how many of them failed.
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Paced {
  readonly sent: number;
  readonly failed: number;
  readonly p99Ms: number;
}

export async function pace(port: number, perSecond: number, forMs: number): Promise<Paced> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const took: Promise<number>[] = [];
  const startMs = performance.now();
  const total = Math.round((perSecond * forMs) / 1_000);
  for (let i = 0; i < total; i++) {
    const waitMs = startMs + (i * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    took.push(ask(port, agent));
  }
  const times = (await Promise.all(took)).toSorted((a, b) => a - b);
  agent.destroy();
  return {
    sent: total,
    failed: times.filter((ms) => ms === Number.POSITIVE_INFINITY).length,
    p99Ms: times[Math.floor(total * 0.99)] ?? Number.NaN,
  };
}

/** Milliseconds to the end of an answer of 200; infinite for anything else. */
function ask(port: number, agent: Agent): Promise<number> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const failed = (): void => resolve(Number.POSITIVE_INFINITY);
    const out = request({ host: "127.0.0.1", port, agent }, (incoming) => {
      incoming.on("error", failed).on("end", () => {
        if (incoming.statusCode === 200) resolve(performance.now() - startMs);
        else failed();
      });
      incoming.resume();
    });
    out.on("error", failed);
    out.end();
  });
}
