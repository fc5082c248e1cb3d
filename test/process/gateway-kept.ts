// What the tests of the gateway's own end share: a keeper that can be killed, and clients that count.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { greetingOn } from "../../src/gateway/greeting.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { endMarked, markedBy } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

export interface Keeper {
  readonly child: ChildProcess;
  /** Tells it a line; resolves with what it says to that. */
  tell(line: string): Promise<string>;
  kill(): Promise<void>;
}

export interface Kept {
  readonly folder: string;
  readonly port: number;
  readonly instance: number;
  /** Another one: as when a daemon comes after the one that was killed. */
  keeper(): Promise<Keeper>;
  /** Processes of one kind, by their pids. */
  pids(target: "@gateway" | "@spawner"): readonly number[];
  /** The gateway that is in its place and runs. */
  serving(): Promise<number>;
  log(name: "gateway" | "keeper"): string;
}

const keeperFile = fileURLToPath(new URL("./support/gateway-keeper.ts", import.meta.url));

export async function keptGateway(t: TestContext): Promise<Kept> {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-kept-"));
  const [port = 0] = await freePorts(1);
  const instance = await instanceHere(t, "first");
  const children: ChildProcess[] = [];
  let said = "";
  t.after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await endMarked(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  const pids: Kept["pids"] = (target) =>
    markedBy(folder)
      .filter((it) => it.target === target && it.leader)
      .map(({ pid }) => pid);
  return {
    ...{ folder, port, instance, pids },
    keeper: async () => {
      const args = ["--conditions=source", keeperFile, folder, String(port), String(instance)];
      const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
      children.push(child);
      child.stderr.on("data", (text) => {
        said += text;
      });
      const lines = createInterface({ input: child.stdout });
      const next = async (): Promise<string> => String((await once(lines, "line"))[0]);
      const first = await next();
      if (first !== "ready") throw new Error(`${first}; ${said}`);
      return {
        child,
        tell: (line) => {
          const answer = next();
          child.stdin.write(`${line}\n`);
          return answer;
        },
        kill: async () => {
          const ended = once(child, "exit");
          child.kill("SIGKILL");
          await ended;
        },
      };
    },
    serving: () =>
      until("a gateway is in its place", 20_000, async () => {
        const hello = await greetingOn(join(folder, "gateway.sock"), systemClock);
        return hello && pids("@gateway").includes(hello.pid) ? hello.pid : undefined;
      }),
    log: (name) => (name === "keeper" ? said : readFileSync(join(folder, "gateway.log"), "utf8")),
  };
}

/** An instance in this process; /slow takes a second, and what is upgraded is echoed. */
export async function instanceHere(t: TestContext, name: string): Promise<number> {
  const server = createServer((asked, answer) => {
    const waitMs = asked.url === "/slow" ? 1_000 : 0;
    asked.resume().once("end", () => void systemClock.sleep(waitMs).then(() => answer.end(name)));
  });
  server.on("upgrade", (_, socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export interface Asked {
  readonly atMs: number;
  readonly overMs: number;
  readonly body: string;
  /** On a connection that had served before. */
  readonly reused: boolean;
  /** Absent: it was answered 200. */
  readonly fault?: string;
}

export function ask(port: number, path = "/", agent: Agent | false = false): Promise<Asked> {
  const atMs = performance.now();
  return new Promise((resolve) => {
    const over = (body: string, fault?: string): void =>
      resolve({
        ...{ atMs, overMs: performance.now(), body, reused: out.reusedSocket },
        ...(fault === undefined ? {} : { fault }),
      });
    const out = request({ host: "127.0.0.1", port, path, agent, timeout: 30_000 }, (incoming) => {
      let body = "";
      incoming.on("data", (chunk) => {
        body += chunk;
      });
      incoming.on("error", (error) => over(body, String(error)));
      incoming.on("end", () =>
        over(body, incoming.statusCode === 200 ? undefined : String(incoming.statusCode)),
      );
    });
    out.on("error", (error) => over("", "code" in error ? String(error.code) : String(error)));
    out.on("timeout", () => out.destroy(new Error("no answer within 30 s")));
    out.end();
  });
}

export interface Load {
  /** Ends it; resolves with all that was asked. */
  end(): Promise<readonly Asked[]>;
}

/** So many a second: one half on connections of their own, the other on kept ones. */
export function load(port: number, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true });
  const asked: Promise<Asked>[] = [];
  let open = true;
  const running = (async () => {
    const startMs = performance.now();
    for (let i = 0; open; i++) {
      const waitMs = startMs + (i * 1_000) / perSecond - performance.now();
      if (waitMs > 1) await systemClock.sleep(waitMs);
      asked.push(ask(port, "/", i % 2 === 0 && agent));
    }
  })();
  return {
    end: async () => {
      open = false;
      await running;
      const all = await Promise.all(asked);
      agent.destroy();
      return all;
    },
  };
}

export const faultsOf = (all: readonly Asked[]): readonly string[] =>
  all.flatMap(({ fault }) => fault ?? []);
