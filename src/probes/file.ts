// Looks at a file that the instance touches again and again: healthy while it is young enough.
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { answered, begin, type Check, failed, noAnswer } from "./answer.ts";
import type { Probe, ProbeTarget } from "./probe.ts";

export interface FileProbeOptions {
  /** The file of this instance, absolute. */
  readonly path: (of: ProbeTarget) => string;
  /** An older file is a heartbeat that has stopped. */
  readonly maxAgeMs: number;
}

/** The clock of a file system goes in steps of up to 10 ms behind the one of the process. */
const grainMs = 50;

/** A heartbeat from before the start of the process counts for nothing. */
export function fileProbe(options: FileProbeOptions): Probe {
  return {
    name: "file",
    check: async (of, ctx) => {
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      const path = options.path(of);
      const name = basename(path);
      const touchedMs = await touched(check, path);
      if (touchedMs === undefined) return failed(check, `there is no ${name}`);
      const { clock } = ctx;
      const latencyMs = clock.now() - check.startedAtMs;
      const ageMs = clock.wall() - touchedMs;
      const runMs = of.startedAtMs === undefined ? undefined : clock.now() - of.startedAtMs;
      if (runMs !== undefined && ageMs > runMs + grainMs) {
        return answered(check, latencyMs, `no heartbeat in ${name} since its start`);
      }
      if (ageMs <= options.maxAgeMs) return answered(check, latencyMs);
      const limit = seconds(options.maxAgeMs);
      return failed(check, `no answer: ${name} was touched ${seconds(ageMs)} ago, limit ${limit}`);
    },
  };
}

/** @throws CONFIG_INVALID when it cannot be looked at, which says nothing about the instance. */
async function touched(check: Check, path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const text = `the file probe of ${check.of.target} cannot look: ${messageOf(error)}`;
    throw new HomeostatError("CONFIG_INVALID", text, { cause: error });
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
