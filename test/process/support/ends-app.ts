// A whole app that ends in the way its argument says; what it logs goes to stdout as text.
import { createServer } from "node:net";
import { Worker } from "node:worker_threads";
import { consoleSink, createApp, fatalDependency } from "../../../src/runtime/index.ts";

const [end = "normal"] = process.argv.slice(2);

const app = createApp("shop", {
  // Both streams in one, so that the order of the lines is known.
  log: { starting: false, sinks: [consoleSink({ format: "text", stderr: process.stdout })] },
  shutdown: { debugAfterMs: 400, forceAfterMs: 600, hardAfterMs: 2_500 },
  watchdog: { outer: { blockedMs: 400, exitMs: 1_500 } },
  reporters: [
    {
      name: "kept",
      capture: ({ error }) => console.log(`captured ${error}`),
      flush: async () => console.log("reporters flushed"),
    },
  ],
});
app.health.register("self", () => true);
app.onStop("drain", "drain", () => console.log(`drained, ready=${app.health.summary("ready").ok}`));
app.watchdog.worker("mailer", () => new Worker("setInterval(() => {}, 1000)", { eval: true }));

const ends: Readonly<Record<string, () => unknown>> = {
  normal: () => app.stop("the work is done"),
  waits: () => app.sleep(60_000),
  "a slow drain": () => {
    app.onStop("slow", "drain", () => new Promise(() => {}), 60_000);
    console.log("up");
    return app.sleep(60_000);
  },
  uncaught: () => {
    queueMicrotask(() => {
      throw new Error("nobody caught me");
    });
  },
  rejection: () => {
    void Promise.reject(new Error("nobody awaited me"));
  },
  "lost worker": () => {
    app.watchdog.worker(
      "broken",
      () => new Worker("throw new Error('in the worker')", { eval: true }),
    );
  },
  "blocked loop": () => {
    setTimeout(function spinForEver() {
      for (;;);
    }, 50);
  },
  "fatal dependency": () =>
    app.scope("orders", () => {
      throw fatalDependency("the database is gone");
    }),
  "fatal dependency at the start": () => {},
  stuck: () => {
    setInterval(() => {}, 50);
    createServer().listen(0, "127.0.0.1"); // leak: server
    // Keeps the process alive, and nobody can close it.
    setTimeout(() => {}, 60_000);
  },
};

if (end === "fatal dependency at the start") {
  app.setup("pool", () => {
    throw fatalDependency("the database does not answer");
  });
}
await app.run(async () => {
  const ended = ends[end]?.();
  console.log("up");
  await ended;
});
