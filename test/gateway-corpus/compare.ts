// node --conditions=source test/gateway-corpus/compare.ts [--json]: what nginx does with each message of the corpus.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../scripts/apt.ts";
import { corpus, send } from "./all.ts";
import { freePort, startOracle } from "./rig.ts";

interface Verdict {
  readonly name: string;
  readonly ours: string;
  readonly nginx: string;
}

const program = findProgram("nginx");
if (program === undefined) {
  process.stderr.write("nginx is not installed: apt-get install nginx\n");
  process.exit(75);
}
const folder = mkdtempSync(join(tmpdir(), "homeostat-corpus-"));
const oracle = await startOracle();
const port = await freePort();
const temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `${name}_temp_path ${folder}/${name};`)
  .join(" ");
// As Debian has it, but for what a proxy must be told; buffering is off so that chunks are chunks.
writeFileSync(
  join(folder, "nginx.conf"),
  `worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
events {} http { access_log off; ${temps}
server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${oracle.port};
proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $host; } } }`,
);
const nginx = spawn(program, ["-c", join(folder, "nginx.conf")], { stdio: "ignore" });
try {
  await listening();
  const verdicts: Verdict[] = [];
  for (const message of corpus) {
    oracle.seen.length = 0;
    const enough = Math.max(1, message.reached);
    const { statuses } = await send(port, message.send, enough, 500);
    verdicts.push({
      name: message.name,
      ours: told(message.status, message.reached),
      nginx: told(statuses[0], oracle.seen.length),
    });
  }
  if (process.argv.includes("--json")) console.log(JSON.stringify(verdicts));
  else console.log(summary(verdicts));
} finally {
  nginx.kill();
  oracle.close();
  rmSync(folder, { recursive: true, force: true });
}

function told(status: number | undefined, reached: number): string {
  const through = reached === 0 ? "" : `, ${reached} reached`;
  return `${status ?? "no answer"}${through}`;
}

/** Pairs of verdicts that differ, with the messages they are about. */
function summary(verdicts: readonly Verdict[]): string {
  const differing = verdicts.filter(({ ours, nginx }) => ours !== nginx);
  const groups = Object.groupBy(differing, ({ ours, nginx }) => `ours ${ours} · nginx ${nginx}`);
  const lines = Object.entries(groups).map(
    ([pair, list = []]) =>
      `\n${pair}: ${list.length}\n  ${list.map(({ name }) => name).join("\n  ")}`,
  );
  const same = verdicts.length - differing.length;
  return `${verdicts.length} messages, ${same} with the same verdict\n${lines.join("\n")}`;
}

async function listening(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error("nginx does not listen");
}
