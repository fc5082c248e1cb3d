// The proxies that are measured: ours and its peers, each with one worker before the same upstreams.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, install, mayInstall } from "../../scripts/apt.ts";
import { type GatewayLink, gatewayLink } from "../../src/gateway/link.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Route } from "../../src/protocol/gateway.ts";
import { execute, type Stage, type Started } from "./stage.ts";

export interface Peer {
  readonly name: string;
  start(stage: Stage, port: number, upstreams: readonly number[]): Promise<Started>;
}

/** Ours can also be told of other upstreams. */
export interface Ours extends Started {
  push(upstreams: readonly number[], over?: Partial<Route>): Promise<void>;
  close(): void;
}

const programs = ["nginx", "haproxy", "caddy", "wrk"];

/** Installs what is missing where we may; which of the peers are there. */
export async function findPeers(say: (text: string) => void): Promise<readonly Peer[]> {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0 && mayInstall) {
    say(`installing the packages ${missing.join(", ")}`);
    await install(...missing);
  }
  if (findProgram("wrk") === undefined) throw new Error("wrk is not installed");
  const there = [nginx, haproxy, caddy].filter(({ name }) => findProgram(name) !== undefined);
  try {
    await installHttpProxy();
    return [...there, httpProxy];
  } catch (error) {
    say(`http-proxy is not installed: ${error instanceof Error ? error.message : error}`);
    return there;
  }
}

export async function startOurs(
  stage: Stage,
  port: number,
  upstreams: readonly number[],
): Promise<Ours> {
  const socketPath = join(stage.subfolder("ours"), `${port}.sock`);
  // It listens when it was told where, so its own control socket is what is waited for.
  const starting = stage.start([process.execPath, stage.gateway, "--socket", socketPath], port);
  const link: GatewayLink = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
  const push: Ours["push"] = async (ports, over = {}) => {
    const route = { service: "web", host: "127.0.0.1", port, holdMs: 10_000, timeoutMs: 30_000 };
    const ready = ports.map(
      (each, i) => ({ instance: `web/${i + 1}`, port: each, state: "ready" }) as const,
    );
    const { problems } = await link.push([{ ...route, upstreams: ready, ...over }]);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  };
  for (let tries = 0; ; tries++) {
    try {
      await push(upstreams);
      break;
    } catch (error) {
      if (tries > 200) throw error;
      await systemClock.sleep(50);
    }
  }
  return { ...(await starting), push, close: () => link.close() };
}

const nginx: Peer = {
  name: "nginx",
  start(stage, port, upstreams) {
    const folder = stage.subfolder(`nginx-${port}`);
    const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(" ");
    const conf = `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 20000; }
http { access_log off; ${temps} keepalive_requests 100000000;
upstream web { ${upstreams.map((each) => `server 127.0.0.1:${each};`).join(" ")} keepalive 256; keepalive_requests 100000000; }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://web; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }`;
    return stage.start([program("nginx"), "-c", written(folder, "nginx.conf", conf)], port);
  },
};

const haproxy: Peer = {
  name: "haproxy",
  start(stage, port, upstreams) {
    const servers = upstreams.map((each, i) => `  server s${i} 127.0.0.1:${each}`).join("\n");
    const conf = `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
${servers}
`;
    const path = written(stage.subfolder(`haproxy-${port}`), "haproxy.cfg", conf);
    return stage.start([program("haproxy"), "-db", "-f", path], port);
  },
};

const caddy: Peer = {
  name: "caddy",
  start(stage, port, upstreams) {
    const to = upstreams.map((each) => `127.0.0.1:${each}`).join(" ");
    const folder = stage.subfolder(`caddy-${port}`);
    const conf = `{\n admin off\n auto_https off\n}\nhttp://127.0.0.1:${port} {\n reverse_proxy ${to}\n}\n`;
    const path = written(folder, "Caddyfile", conf);
    const env = [`HOME=${folder}`, "GOMAXPROCS=1"];
    const args = ["run", "--adapter", "caddyfile", "--config", path];
    return stage.start(["/usr/bin/env", ...env, program("caddy"), ...args], port);
  },
};

const pinned = "1.18.1";
const home = join(tmpdir(), `homeostat-bench-http-proxy-${pinned}`);

async function installHttpProxy(): Promise<void> {
  if (existsSync(join(home, "node_modules/http-proxy"))) return;
  mkdirSync(home, { recursive: true });
  // Without one of its own npm would take a package.json of a folder above.
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const args = ["install", "--prefix", home, ...flags, `http-proxy@${pinned}`];
  await execute("npm", args, { timeout: 120_000 });
}

const httpProxy: Peer = {
  name: "http-proxy",
  start(stage, port, [upstream]) {
    const code = `const http = require("node:http");
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 256 });
const target = "http://127.0.0.1:${upstream}";
require(${JSON.stringify(join(home, "node_modules/http-proxy"))})
  .createProxyServer({ target, agent }).listen(${port}, "127.0.0.1");`;
    const path = written(stage.subfolder("http-proxy"), `${port}.cjs`, code);
    return stage.start([process.execPath, path], port);
  },
};

function program(name: string): string {
  return findProgram(name) ?? name;
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
