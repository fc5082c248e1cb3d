// A process of the tests that logs as it is told to, and ends as it is told to.
import { Worker } from "node:worker_threads";
import { consoleSink } from "../../../src/runtime/log/console.ts";
import { fileSink } from "../../../src/runtime/log/file.ts";
import { createLog } from "../../../src/runtime/log/log.ts";
import { syslogSink } from "../../../src/runtime/log/syslog.ts";

const [way = "", ...rest] = process.argv.slice(2);

/** Lines in bursts, so that rotations fall between and into them. */
async function burst(path = "", name = "", count = "0"): Promise<void> {
  const sink = fileSink({ path, maxBytes: 20_000, maxFiles: 200 });
  const log = createLog({ app: name, sinks: [sink] });
  for (let i = 0; i < Number(count); i++) {
    log.info("line", { i, filling: "x".repeat(i % 90) });
    if (i % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
  }
  await log.close(10_000);
  console.log(JSON.stringify(log.dropped()));
}

/** Logs in the very turn in which the process ends, after an append has begun. */
function sudden(path = "", end = ""): void {
  const log = createLog({
    app: "sudden",
    sinks: [fileSink({ path, maxBytes: 1_000, maxFiles: 50 })],
  });
  let i = 0;
  const some = (): void => {
    for (let n = 0; n < 100; n++) log.info("line", { i: i++ });
  };
  some();
  setImmediate(() => {
    some();
    if (end === "throw") throw new Error("uncaught");
    process.exit(3);
  });
}

/** Everything is in use, nothing answers, and still the process ends by itself. */
function idle(path = "", address = ""): void {
  const sinks = [
    consoleSink(),
    fileSink({ path }),
    syslogSink({ address }),
    syslogSink({ address: "udp://127.0.0.1:9" }),
  ];
  const log = createLog({ app: "idle", sinks, noisy: ["pika"] });
  log.named("pika").error("passed over");
  log.info("all is said");
}

/** Goes on when nobody reads its output any more, and says so elsewhere. */
async function unread(path = ""): Promise<void> {
  const log = createLog({ app: "unread", sinks: [consoleSink(), fileSink({ path })] });
  for (let i = 0; i < 50; i++) {
    log.info("line", { i });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await log.close();
  process.exitCode = 7;
}

function threads(): void {
  const url = new URL("../../../src/runtime/log/log.ts", import.meta.url);
  const code = `import("${url}").then(({ createLog }) => createLog({ app: "shop" }).info("from within"));`;
  new Worker(code, { eval: true, execArgv: ["--conditions=source"] });
  new Worker(code, { eval: true, execArgv: ["--conditions=source"], name: "mail out" });
}

const ways: Readonly<Record<string, (...words: string[]) => void | Promise<void>>> = {
  burst,
  sudden,
  idle,
  unread,
  threads,
};
await ways[way]?.(...rest);
