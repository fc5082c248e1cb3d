// Your app: begin here. It counts in a thread of its own, which the watchdog looks after.
import { Worker } from "node:worker_threads";
import { baseApp } from "./base.ts";

const program = new URL("worker.ts", import.meta.url);

await baseApp("counter", {
  setup: (app) => {
    let counted = 0;
    app.metrics.gauge("counted", { help: "What the worker has counted", read: () => counted });
    app.health.register("counting", () => counted > 0, { intervalMs: 1_000 });
    // A worker that is lost ends the app with a code that is not 0, and its supervisor starts it anew.
    app.setup("worker", () => {
      app.watchdog.worker("counter", () => {
        const worker = new Worker(program);
        worker.on("message", (count: number) => {
          counted = count;
        });
        return worker;
      });
    });
  },
  main: (app) => {
    app.log.info("counting");
  },
});
