// Daemon and gateway die together: the sockets that the spawner still holds are no reason not to start.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createProject } from "./support/project.ts";

const server = `require("node:http").createServer((_, res) => res.end("here")).listen(process.env.PORT)`;

test("after the death of both, and of a daemon beside a gateway that hangs, `up` serves again", async () => {
  let port = 0;
  const project = await createProject((_, free) => {
    port = free();
    const web = { command: [process.execPath, "-e", server], port, probe: { tcp: true as const } };
    return { services: { web } };
  });
  try {
    for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
      const daemon = await project.up();
      await project.healthy();
      const gateway = project.marked().find(({ target }) => target === "@gateway");
      assert.ok(gateway, "a gateway runs");
      daemon.kill("SIGKILL");
      await once(daemon, "exit");
      process.kill(gateway.pid, signal);
      const next = await project.up();
      await project.healthy();
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(await answer.text(), "here", `after ${signal}`);
      next.kill("SIGTERM");
      await once(next, "exit");
    }
  } finally {
    await project.remove();
  }
});
