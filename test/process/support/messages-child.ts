// A process that works on messages until it is killed: notes each one in a file before it is acknowledged.
import { appendFileSync } from "node:fs";
import process from "node:process";
import { amqpLink } from "../../../src/runtime/messages/amqp.ts";
import { portSource } from "../../../src/runtime/messages/ports.ts";
import { relay } from "../../../src/runtime/messages/relay.ts";

const [kind, file = "", url = ""] = process.argv.slice(2);

async function source() {
  if (kind === "port") return portSource(process);
  const { connect } = await import("amqplib");
  const link = amqpLink({ connect, servers: [url], exchange: "shop" });
  return link.source({ topics: ["shop.#"], queue: "orders", prefetch: 5 });
}

const task = relay<number>({
  name: "note",
  from: await source(),
  to: () => {},
  inFlight: 3,
  process: async (n) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    appendFileSync(file, `${n}\n`);
  },
});
process.send?.("ready");
await task.run(new AbortController().signal);
