// A small instance for the gateway's tests: answers its name, as late and as large as the path asks.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";

const [name = "unnamed", port = "0", speaks = "http1"] = process.argv.slice(2);

const server =
  speaks === "h2c"
    ? createHttp2Server((req, res) => serve(req as never, res as never))
    : createServer(serve);

async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? "/", "http://instance");
  // So that a test can see that a request has reached the process.
  if (url.pathname === "/told") process.stdout.write(`${req.method} ${url.pathname}\n`);
  let received = 0;
  for await (const chunk of req) received += chunk.length;
  const waitMs = Number(url.searchParams.get("wait") ?? 0);
  if (url.searchParams.get("hang") === name) return;
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  if (url.pathname === "/half") {
    res.writeHead(200, { "content-length": "1000" });
    res.write("half of it");
    return;
  }
  const body = `${name} ${received}`;
  res.writeHead(200, { "x-instance": name, "content-length": body.length });
  res.end(body);
}

server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") process.stdout.write(`listening ${address?.port}\n`);
});
