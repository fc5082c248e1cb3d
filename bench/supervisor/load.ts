// Requests that come when they come, at a steady rate; each failed one counts.
import { Agent, get } from "node:http";

export interface Sent {
  readonly sent: number;
  readonly failed: number;
  /** From the moment it was due, of those that were answered. */
  readonly worstMs: number;
  /** Why they failed, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface Load {
  /** So far. */
  now(): Sent;
  /** No more are sent; resolves when the last has ended. */
  stop(): Promise<Sent>;
}

const limitMs = 5_000;

/** `fresh`: a new connection for each. */
export function startLoad(port: number, path: string, ratePerS: number, fresh = false): Load {
  const agent = new Agent({ keepAlive: !fresh });
  const reasons: Record<string, number> = {};
  const pending = new Set<Promise<void>>();
  const startMs = performance.now();
  let [sent, failed, worstMs] = [0, 0, 0];

  const one = async (dueMs: number): Promise<void> => {
    const why = await request(agent, port, path);
    if (why === undefined) {
      worstMs = Math.max(worstMs, performance.now() - dueMs);
      return;
    }
    failed++;
    reasons[why] = (reasons[why] ?? 0) + 1;
  };
  const timer = setInterval(() => {
    for (;;) {
      const dueMs = startMs + (sent * 1_000) / ratePerS;
      if (dueMs > performance.now()) return;
      sent++;
      const work: Promise<void> = one(dueMs).finally(() => pending.delete(work));
      pending.add(work);
    }
  }, 1);
  const now = (): Sent => ({ sent, failed, worstMs, reasons: { ...reasons } });
  return {
    now,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(pending);
      agent.destroy();
      return now();
    },
  };
}

/** Why it failed; undefined when it was answered. */
function request(agent: Agent, port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ agent, port, path, host: "127.0.0.1" }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.once("end", () => resolve(statusCode === 200 ? undefined : `status ${statusCode}`));
      response.once("error", (error) => resolve(`${error.message} in the answer`));
    });
    asked.setTimeout(limitMs, () => asked.destroy(new Error(`no answer in ${limitMs} ms`)));
    asked.once("error", (error) => resolve(error.message));
  });
}
