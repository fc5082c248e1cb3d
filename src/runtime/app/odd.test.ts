// Whatever is thrown, however odd: it is an error of its thrower and of nobody else.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { appWorld } from "../../../test/support/app-world.ts";

const circle = new Error("round");
circle.cause = circle;

const odd: Readonly<Record<string, () => unknown>> = {
  "an error that is its own cause": () => circle,
  "an object without a prototype": () => Object.create(null),
  "an object whose toString throws": () => ({
    toString: () => {
      throw new Error("no text");
    },
  }),
  "a symbol": () => Symbol("odd"),
  undefined: () => undefined,
  "an error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("no message");
      },
    }),
};

for (const [name, make] of Object.entries(odd)) {
  const throws = (): never => {
    throw make();
  };
  describe(name, () => {
    it("a feature uses its fallback, a check is unhealthy, a scenario fails, the app goes on", async () => {
      const { app, clock, events } = appWorld({ url: "http://127.0.0.1:9" });
      app.features.register("f", { run: throws, fallback: () => "instead" });
      app.health.register("c", throws, { intervalMs: 1_000, critical: false });
      app.synthetic.register("s", throws);
      app.watchdog.task("t", throws, "ignore");
      app.recovery.register("system.c.failure", throws, { verify: false });
      app.watchMetric({ name: "m", read: throws, judge: throws, everyMs: 1_000 });
      app.events.subscribe("bad.**", throws);
      await app.start();
      assert.equal(await app.features.use("f"), "instead");
      await clock.advance(10_000);
      assert.equal(app.health.statusOf("c"), "unhealthy");
      assert.equal((await app.synthetic.run("s")).ok, false);
      for (let i = 0; i < 100; i += 1) app.events.publish({ type: "bad.x", source: "test" });
      app.events.publish({ type: "good.x", source: "test" });
      assert.equal(events.at(-1)?.type, "good.x");
      assert.equal(app.stopping, false);
      assert.equal(await app.stop(), 0);
    });

    it("dying of it never throws, and main may throw it", async () => {
      const one = appWorld().app;
      one.die(make());
      assert.equal(await one.stop(), 1);
      assert.equal(await appWorld().app.run(throws), 1);
    });
  });
}
