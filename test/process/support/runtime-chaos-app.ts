// An app that disturbs its own files by chance and says what it takes back, to be killed meanwhile.
import { appendFileSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createLog, formatText } from "../../../src/kernel/log.ts";
import { createChaos } from "../../../src/runtime/chaos/chaos.ts";
import { seeded } from "../../../src/testing/seeded.ts";

export const names: readonly string[] = ["wall", "password", "pool", "timeout"];

export interface Call {
  readonly target: string;
  readonly undo?: { readonly old: string };
  readonly known: boolean;
  readonly left: boolean;
}

/** How a setting looks that nobody disturbs. */
export const original = (name: string): string => `${name} as its owner wrote it\n`;
export const settingOf = (folder: string, name: string): string => join(folder, `${name}.conf`);
export const journalOf = (folder: string): string => join(folder, "chaos.json");
export const callsOf = (folder: string, run: string): string => join(folder, `calls-${run}.log`);

async function main(folder: string, run: string, armed: boolean): Promise<void> {
  const write = (entry: Parameters<typeof formatText>[0]): void =>
    void writeSync(2, `${formatText(entry)}\n`);
  const log = createLog({ level: "warn", wall: Date.now, write });
  const random = seeded(Number(run));
  const journalFile = journalOf(folder);
  const chaos = createChaos({ armed, random, log, journalFile, atOnceMax: 3 });
  for (const name of names) {
    const file = settingOf(folder, name);
    chaos.register(name, {
      disrupt: async (_signal, save) => {
        await sleep(random() * 4);
        const old = readFileSync(file, "utf8");
        save({ old });
        await sleep(random() * 4);
        writeFileSync(file, `disturbed by run ${run}\n`);
        await sleep(random() * 4);
        return { old };
      },
      recover: async (undo, { known, left }) => {
        const call = { target: name, known, left, ...(undo !== undefined && { undo }) };
        appendFileSync(callsOf(folder, run), `${JSON.stringify(call)}\n`);
        await sleep(random() * 3);
        if (undo !== undefined) writeFileSync(file, (undo as { old: string }).old);
      },
      meanIntervalMs: 5,
      meanDurationMs: 60,
    });
  }
  writeSync(1, "starting\n");
  await chaos.start();
  const settings = names.map((name) => readFileSync(settingOf(folder, name), "utf8"));
  writeSync(1, `ready ${JSON.stringify(settings)}\n`);
  if (armed) await sleep(5_000);
}

if (import.meta.main) {
  const [folder = "", run = "", armed = ""] = process.argv.slice(2);
  await main(folder, run, armed === "armed");
}
