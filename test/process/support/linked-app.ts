// A small service with a link to the daemon, which falls ill and hangs as it is told to.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { AppReport } from "../../../src/protocol/link.ts";
import { createLink } from "../../../src/runtime/link/link.ts";
import { healthy, sick } from "../../support/link.ts";

const { PORT, HOMEOSTAT_SOCKET = "", HOMEOSTAT_INSTANCE } = process.env;
let report: AppReport = healthy;

const link = createLink({
  socket: HOMEOSTAT_SOCKET,
  app: "linked",
  ...(HOMEOSTAT_INSTANCE === undefined ? {} : { instance: HOMEOSTAT_INSTANCE }),
  version: "0.1.0",
  report: () => report,
  orders: {
    drain: (on, { by }) => {
      console.log(`drain ${on} by ${by}`);
      return on ? "takes no more requests" : "takes requests again";
    },
    feature: ({ name }) => {
      throw new Error(`there is no feature ${name}; there is search`);
    },
    capture: ({ what, folder }) => {
      const path = join(folder, `${what}.json`);
      writeFileSync(path, "{}");
      return { done: `wrote ${path}`, file: { path, bytes: 2 } };
    },
  },
});
link.start();

const server = createServer((request, response) => {
  if (request.url === "/sick") report = sick;
  if (request.url === "/block") setTimeout(block, 20);
  response.end(String(process.pid));
});
server.listen(Number(PORT), "127.0.0.1");

function block(): void {
  const untilMs = performance.now() + 20_000;
  while (performance.now() < untilMs);
}

process.on("SIGTERM", () => {
  console.log("TERM");
  process.exit(0);
});
