// Free ports on the loopback interface for instances that the gateway sends traffic to.
import { createServer } from "node:net";
import { HomeostatError } from "../kernel/errors.ts";

/** A port that was free a moment ago: the kernel hands out another one each time for long. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      // The port is free at once; who waits for the server to say so loses a turn.
      server.close();
      resolve(port);
    });
  });
}

/** @throws CONFIG_INVALID is not raised here: a port that cannot be had at run time is a refusal. */
export async function takePort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const port = await freePort();
    if (!taken.has(port)) return port;
  }
  throw new HomeostatError("SPAWN_FAILED", "no free port was found in 20 tries");
}
