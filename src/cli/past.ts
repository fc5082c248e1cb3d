// The commands about the recorded past of series.
import type { Command } from "commander";

// Loaded when they are asked for.
const historyCommands = () => import("./commands/history.ts");
const tuneCommands = () => import("./commands/tune.ts");

type Add = (name: string, text: string) => Command;

const all = <T>(command: Command): T => command.optsWithGlobals() as T;

export function addPast(add: Add): void {
  add("history <service> [metric]", "the recorded past of a metric; without one: what is recorded")
    .option("--since <duration>", "so far back", "6h")
    .option("--step <resolution>", "raw, 10s, 1m, 10m or 1h (default: what fits the screen)")
    .option("--rate", "a total as what it grows by in a second")
    .action(async (service: string, metric: string | undefined, _: unknown, c: Command) =>
      (await historyCommands()).history(service, metric, all(c)),
    );
  add(
    "tune <service> [metric]",
    "how often its rules would have alarmed in the past, at a few settings",
  ).action(async (service: string, metric: string | undefined, _: unknown, c: Command) =>
    (await tuneCommands()).tune(service, metric, all(c)),
  );
}
