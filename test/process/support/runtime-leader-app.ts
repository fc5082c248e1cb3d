// An app of which many run at once: it leads or waits, or is the single one, and says so line by line.
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { HomeostatError } from "../../../src/kernel/errors.ts";
import { fileLease } from "../../../src/runtime/leader/file-lease.ts";
import { createLeader } from "../../../src/runtime/leader/leader.ts";
import { singleInstance, type TakenBy } from "../../../src/runtime/single/single.ts";

const ttlMs = 2_000;

const say = (...words: readonly unknown[]): void => void writeSync(1, `${words.join(" ")}\n`);

function lead(file: string): void {
  const leader = createLeader({ name: "test", lease: fileLease(file), ttlMs });
  leader.whenLeader(async (signal, token) => {
    say("leads", token);
    await once(signal, "abort");
    say("lost", token);
  });
  leader.start();
  process.once("SIGTERM", () => void leader.stop().then(() => process.exit(0)));
}

/** Each line of the input is a try. */
async function race(file: string): Promise<void> {
  for await (const _ of createInterface({ input: process.stdin })) {
    try {
      const { number } = await singleInstance({ file });
      say("won", number);
    } catch (error) {
      if (!(error instanceof HomeostatError)) throw error;
      say("refused", (error.details as TakenBy).pid);
    }
  }
}

if (import.meta.main) {
  const [what, file = ""] = process.argv.slice(2);
  say("ready");
  if (what === "lead") {
    lead(file);
    await new Promise((resolve) => process.stdin.resume().once("end", resolve));
  } else await race(file);
  process.exit(0);
}
