// The commands about life with others: files for and from other supervisors, tables, completion.
import { type Command, Option } from "commander";

// Loaded when they are asked for.
const initCommands = () => import("./commands/init.ts");
const importCommands = () => import("./commands/import.ts");

const completionCommands = () => import("./commands/completion.ts");
const adoptCommands = () => import("./commands/adopt.ts");
const serviceCommands = () => import("./commands/service.ts");
const psCommands = () => import("./commands/ps.ts");
const topCommands = () => import("./commands/top.ts");

type Add = (name: string, text: string) => Command;

const all = <T>(command: Command): T => command.optsWithGlobals() as T;

export function addLiving(add: Add): void {
  addTables(add);
  addFiles(add);
  addImport(add);
  add("adopt <pid>", "what it takes to run a process here that somebody else has started")
    .option("--name <service>", "what to call it (default: from its command)")
    .action(async (pid: string, _: unknown, c: Command) =>
      (await adoptCommands()).adopt(pid, all(c)),
    );
  addCompletion(add);
}

function addCompletion(add: Add): void {
  add("completion <shell>", "what bash, zsh or fish needs to complete these commands").action(
    async (shell: string) => (await completionCommands()).completion(shell),
  );
  add("__complete [words...]", "")
    .allowUnknownOption()
    .action(async (words: readonly string[], _: unknown, c: Command) => {
      if (c.parent) await (await completionCommands()).complete(c.parent, words, all(c));
    });
}

function addTables(add: Add): void {
  add("scale <service> <count>", "so many instances, until everything is stopped").action(
    async (name: string, count: string, _: unknown, c: Command) =>
      (await serviceCommands()).scale(name, count, all(c)),
  );
  add("ps [names...]", "the instances of all services, or of these")
    .option("--pss", "also memory with a fair share of what is shared; the kernel walks all of it")
    .action(async (names: readonly string[], _: unknown, c: Command) =>
      (await psCommands()).ps(names, all(c)),
    );
  add("top", "the same, anew each second; q ends it")
    .option("--sort <what>", "cpu, memory, restarts or name (default: cpu)")
    .option("--once", "show it once, as where it is piped")
    .action(async (_: unknown, c: Command) => (await topCommands()).top(all(c)));
}

function addImport(add: Add): void {
  add("import <kind> <file>", "turn a file of pm2, procfile or supervisord into a homeostat.yaml")
    .option("--out <file>", "where to write (default: homeostat.yaml in the project folder)")
    .option("--print", "only show")
    .option("--force", "write over what is there")
    .option("--env <name>", "of a pm2 file: its env_NAME")
    .action(async (kind: string, file: string, _: unknown, c: Command) =>
      (await importCommands()).importFile(kind, file, all(c)),
    );
}

function addFiles(add: Add): void {
  add("init <kind>", "write what systemd, supervisord, docker or compose needs to run this project")
    .option("--out <folder>", "where to write (default: the project folder)")
    .option("--print", "only show")
    .option("--force", "write over what is there")
    .option("--user <name>", "who runs it (default: the owner of the folder)")
    .addOption(
      new Option("--profile <name>", "also the services of this profile")
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], "none"),
    )
    .action(async (kind: string, _: unknown, c: Command) =>
      (await initCommands()).init(kind, all(c)),
    );
}
