// Starts the services of the shop as real processes on free ports, and ends exactly those.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const services: string = fileURLToPath(new URL("../services/", import.meta.url));
const MAX_START_MS = 20_000;

export type Name = "web" | "catalog" | "payments" | "recommendations" | "worker";

export interface Running {
  readonly name: Name;
  readonly url: string;
  readonly child: ChildProcess;
  /** All that was printed so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
}

export interface Shop {
  readonly state: string;
  start(name: Name, env?: NodeJS.ProcessEnv): Promise<Running>;
  /** Starts without waiting for it to listen. */
  launch(name: Name, env?: NodeJS.ProcessEnv): Running;
  /** Catalog, payments, recommendations, one web and, unless told otherwise, one worker. */
  startAll(options?: { readonly worker?: boolean }): Promise<Record<Name, Running>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A shop with a state folder of its own; `await using` ends its processes and removes the folder. */
export function openShop(): Shop {
  const state = mkdtempSync(join(tmpdir(), "shop-"));
  const all: Running[] = [];
  const launch = (name: Name, env: NodeJS.ProcessEnv = {}): Running => {
    const running = run(name, { SHOP_STATE: state, SHOP_SICKNESS: "allowed", PORT: "0", ...env });
    all.push(running);
    return running;
  };
  const start: Shop["start"] = async (name, env) => listening(launch(name, env));
  return {
    state,
    launch,
    start,
    startAll: async ({ worker = true } = {}) => {
      const [catalog, payments, recommendations] = await Promise.all([
        start("catalog"),
        start("payments"),
        start("recommendations"),
      ]);
      const web = await start("web", urlsOf(catalog, payments, recommendations));
      const started = worker ? await start("worker") : web;
      return { catalog, payments, recommendations, web, worker: started };
    },
    [Symbol.asyncDispose]: async () => {
      for (const { child } of all) if (child.exitCode === null) child.kill("SIGKILL");
      await Promise.all(all.map(({ exited }) => exited));
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** What web must know of the others. */
export function urlsOf(catalog: Running, payments: Running, rest: Running): NodeJS.ProcessEnv {
  return { CATALOG_URL: catalog.url, PAYMENTS_URL: payments.url, RECOMMENDATIONS_URL: rest.url };
}

function run(name: Name, env: NodeJS.ProcessEnv): Running {
  const child = spawn(process.execPath, ["--conditions=source", join(services, `${name}.ts`)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
  const exited = once(child, "close").then(([code, signal]) => code ?? signal);
  const running = { name, child, out: () => out, err: () => err, exited, url: "" };
  return Object.defineProperty(running, "url", {
    get: () => /listening on (\S+)/.exec(out)?.[1]?.replace(/^/, "http://") ?? "",
  });
}

async function listening(running: Running): Promise<Running> {
  const ended = running.exited.then((how) => {
    throw new Error(`${running.name} ended with ${how}: ${running.err()}`);
  });
  await Promise.race([ended, until(() => running.url !== "", `${running.name} listens`)]);
  ended.catch(() => {});
  return running;
}

/** Looks every 20 ms until `true`; an Error that says what was waited for after `limitMs`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  limitMs: number = MAX_START_MS,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export interface Got {
  readonly status: number;
  readonly text: string;
  /** The parsed text when it is JSON. */
  readonly json: Record<string, unknown>;
}

/** GET, or POST when there is a body; rejects when there is no answer within `limitMs`. */
export async function ask(url: string, body?: object, limitMs = 10_000): Promise<Got> {
  const signal = AbortSignal.timeout(limitMs);
  const init = body ? { method: "POST", body: JSON.stringify(body), signal } : { signal };
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return { status: response.status, text, json: isJson ? JSON.parse(text) : {} };
}

/** User and system time of a process so far, in milliseconds; undefined without /proc. */
export function cpuMs({ child }: Running): number | undefined {
  try {
    const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const TICK_MS = 10;
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
