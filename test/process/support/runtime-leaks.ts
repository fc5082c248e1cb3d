// Leaves one of each kind of thing open; the tests find the lines by their last comment.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { Worker } from "node:worker_threads";
import type { Lifecycle } from "../../../src/runtime/lifecycle/lifecycle.ts";

const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

/** None of these ends by itself: all of them keep the process alive. */
export async function leak(life: Lifecycle): Promise<void> {
  const server = createServer();
  openServer(server);
  await once(server, "listening");
  connect(port(server), "127.0.0.1"); // leak: client socket
  const udp = createSocket("udp4"); // leak: UDP socket
  udp.bind(0, "127.0.0.1");
  new Worker("function spin() { for (;;); } spin();", { eval: true }); // leak: worker
  const child = spawn(process.execPath, ["-e", deaf, "--", "--password", "hunter2"]); // leak: child process
  await once(child.stdout, "data");
  process.stdout.write(`child ${child.pid}\n`);
  setInterval(() => {}, 60_000); // leak: timer
  const slow = createHttpServer(() => {});
  slow.listen(0, "127.0.0.1"); // leak: http server
  await once(slow, "listening");
  get({ port: port(slow) }).on("error", () => {}); // leak: http request
  fetch(`http://127.0.0.1:${port(slow)}/`).catch(() => {}); // leak: fetch
  for (let requests = 0; requests < 2; requests++) await once(slow, "request");

  // What does not keep the process alive is no leak.
  createServer().listen(0, "127.0.0.1").unref();
  createSocket("udp4").bind(0, "127.0.0.1").unref();
  spawn("sleep", ["1"], { stdio: "ignore" }).unref();
  setInterval(() => {}, 50_000).unref();
  const meant = setInterval(() => {}, 40_000);
  life.ignore(meant);
  life.onStop("the meant one", "resources", () => clearInterval(meant));
  process.stdout.write("leaked\n");
}

export function openServer(server: Server): void {
  server.listen(0, "127.0.0.1"); // leak: server
}

/** It does not end when it is asked to; should a test forget it, it ends after half a minute. */
const deaf = `process.on("SIGTERM", () => {});
  setTimeout(() => {}, 30_000);
  console.log("up");`;
