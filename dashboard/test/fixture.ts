// Serves the built dashboard together with a shop that plays the daemon's API.
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { ErrorView, SeriesView } from "../../src/protocol/api.ts";
import { openShop, type Shop } from "./shop.ts";
import { report } from "./story.ts";
import { type Scene, units, valueAt } from "./world.ts";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

export interface Fixture {
  readonly url: string;
  readonly shop: Shop;
  /** The POSTs that came, newest last: method and path, the header, the body. */
  readonly posts: readonly string[];
  /** Ends every stream; while `gone`, new requests are cut off like those to a dead daemon. */
  setGone(gone: boolean): void;
  close(): Promise<void>;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, status: number, message: string, hint: string): void {
  json(response, status, { error: { code: "FIXTURE", message, hint } } satisfies ErrorView);
}

function series(shop: Shop, url: URL, now: number): SeriesView {
  const target = url.searchParams.get("target") ?? "";
  const metric = url.searchParams.get("metric") ?? "";
  const seconds = Number(url.searchParams.get("seconds") ?? 300);
  const points = Array.from({ length: seconds }, (_, index) => {
    const at = now - (seconds - index) * 1_000;
    return [at / 1_000, valueAt(shop.world, target, metric, at)] as const;
  }).filter((point): point is readonly [number, number] => point[1] !== undefined);
  return {
    ...{ target, metric },
    unit: units[metric] ?? "count",
    at: points.map(([at]) => at),
    values: points.map(([, value]) => value),
  };
}

function logs(service: string, now: number): readonly { instance: string; text: string }[] {
  return Array.from({ length: 40 }, (_, index) => {
    const at = new Date(now - (40 - index) * 1_370).toISOString().slice(11, 23);
    const path = ["/products", "/products/81/gallery", "/health", "/cart"][index % 4];
    return {
      instance: `${service}/${(index % 2) + 1}`,
      text: `${at} INFO  GET ${path} 200 ${12 + ((index * 7) % 30)} ms`,
    };
  });
}

async function body(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function file(path: string, response: ServerResponse): Promise<void> {
  const name = normalize(path === "/" ? "/index.html" : path);
  try {
    const content = await readFile(join(dist, name));
    // As strict as a careful server would be: nothing from elsewhere, nothing inline but styles.
    const policy =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'";
    const type = types[extname(name)] ?? "application/octet-stream";
    response
      .writeHead(200, { "content-type": type, "content-security-policy": policy })
      .end(content);
  } catch {
    response.writeHead(404).end("not found; was the dashboard built?");
  }
}

function post(shop: Shop, path: string, text: string, response: ServerResponse): void {
  const approval = /^\/api\/approvals\/([^/]+)\/(approve|deny)$/.exec(path)?.[1];
  if (path === "/api/pause") {
    const { reason } = JSON.parse(text) as { reason: string };
    shop.pause("anna", reason, Date.now());
    json(response, 200, {});
  } else if (path === "/api/resume") {
    shop.resume();
    json(response, 200, {});
  } else if (approval !== undefined) {
    if (shop.answer(approval)) json(response, 200, {});
    else
      fail(response, 409, `Approval ${approval} was answered already.`, "Reload to see by whom.");
  } else if (path === "/api/services/worker/restart") {
    fail(response, 409, "worker is being restarted already.", "Wait until it is ready.");
  } else if (/^\/api\/services\/[^/]+\/restart$/.test(path)) {
    json(response, 202, {});
  } else {
    fail(response, 404, `There is no ${path}.`, "");
  }
}

function incident(shop: Shop, id: string, exported: boolean, response: ServerResponse): void {
  const detail = shop.incident(id, Date.now());
  if (detail === undefined) {
    fail(response, 404, `There is no incident ${id}.`, "`homeostat incidents` lists them.");
  } else if (exported) {
    response.writeHead(200, { "content-type": "text/markdown" }).end(report(detail));
  } else {
    json(response, 200, detail);
  }
}

function get(shop: Shop, url: URL, response: ServerResponse): void {
  const now = Date.now();
  const path = decodeURIComponent(url.pathname);
  const [, id, exported] = /^\/api\/incidents\/([^/]+)(\/export)?$/.exec(path) ?? [];
  if (path === "/api/state") json(response, 200, shop.state(now));
  else if (path === "/api/series") json(response, 200, series(shop, url, now));
  else if (path.startsWith("/api/logs/")) {
    json(response, 200, { lines: logs(path.slice("/api/logs/".length), now) });
  } else if (id !== undefined) incident(shop, id, exported !== undefined, response);
  else void file(path, response);
}

function stream(shop: Shop, response: ServerResponse, open: Set<ServerResponse>): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  open.add(response);
  const send = (): void => {
    const state = shop.state(Date.now());
    response.write(`id: ${state.seq}\nevent: state\ndata: ${JSON.stringify(state)}\n\n`);
    // Makes an opened incident page load again, as a real journal event would.
    const event = { specversion: "1.0", type: "homeostat.fixture", incidentid: "7", data: {} };
    response.write(`id: ${state.seq}\nevent: journal\ndata: ${JSON.stringify(event)}\n\n`);
  };
  send();
  const timer = setInterval(send, 1_000);
  response.on("close", () => {
    clearInterval(timer);
    open.delete(response);
  });
}

export async function startFixture(scene: Scene, port: number = 0): Promise<Fixture> {
  const shop = openShop(scene, Date.now());
  const open = new Set<ServerResponse>();
  const posts: string[] = [];
  let gone = false;
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (gone) request.socket.destroy();
    else if (request.method === "GET" && url.pathname === "/api/stream") {
      stream(shop, response, open);
    } else if (request.method === "GET") get(shop, url, response);
    else {
      void body(request).then((text) => {
        const header = request.headers["x-homeostat"];
        posts.push(`${request.method} ${url.pathname} ${header ?? "-"} ${text}`);
        if (header === "1") post(shop, url.pathname, text, response);
        else fail(response, 403, "The header x-homeostat is missing.", "");
      });
    }
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    shop,
    posts,
    setGone(next) {
      gone = next;
      if (gone) for (const response of open) response.destroy();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

if (import.meta.main) {
  const scene = (process.argv[2] ?? "healing") as Scene;
  const { url } = await startFixture(scene, Number(process.argv[3] ?? 7701));
  console.log(`${scene}: ${url}   (fixture.ts [calm|healing|approval] [port])`);
}
