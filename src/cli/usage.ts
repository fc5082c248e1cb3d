// How a command line is read: commander's complaints in our words, numbers with their limits.
import type { Command, CommanderError } from "commander";
import { HomeostatError } from "../kernel/errors.ts";
import { either, nearest, quote } from "../wiring/words.ts";

function usage(message: string): HomeostatError {
  return new HomeostatError("USAGE", message);
}

/** Commander's error about `command`; undefined when it only printed help or the version. */
export function usageError(error: CommanderError, command: Command): HomeostatError | undefined {
  if (error.exitCode === 0) return undefined;
  const name = command.parent ? `${nameOf(command)}: ` : "";
  const [, first = "", second = ""] = /'([^']*)'(?:[^']*'([^']*)')?/.exec(error.message) ?? [];
  switch (error.code) {
    case "commander.help":
      if (command.args[0] === "help" && command.args[1] !== undefined) {
        return unknownCommand(command, command.args[1]);
      }
      return usage(`${name}expected a command, got none`);
    case "commander.unknownCommand":
      return unknownCommand(command, first);
    case "commander.unknownOption":
      return usage(`${name}expected ${near(first, optionsOf(command))}, got ${quote(first)}`);
    case "commander.missingArgument":
      return usage(`${name}expected <${first}>, got nothing`);
    case "commander.optionMissingArgument":
      return usage(`${name}expected ${first}, got no value`);
    case "commander.invalidArgument": {
      const allowed = /Allowed choices are (.+)\.$/.exec(error.message)?.[1] ?? "another value";
      return usage(
        `${name}${first}: expected ${either(allowed.split(", "))}, got ${quote(second)}`,
      );
    }
    case "commander.excessArguments": {
      const { length } = command.registeredArguments;
      const most = length === 0 ? "no arguments" : `${length} argument${length === 1 ? "" : "s"}`;
      return usage(`${name}expected ${most}, got ${command.args.map(quote).join(" ")}`);
    }
    default:
      return usage(`${name}${error.message.replace(/^error: /, "").replaceAll("\n", " ")}`);
  }
}

export function unknownCommand(command: Command, given: string): HomeostatError {
  const known = command.commands.flatMap((other) => (other.description() ? other.name() : []));
  const name = command.parent ? `${nameOf(command)}: ` : "";
  return usage(`${name}expected ${near(given, known)}, got ${quote(given)}`);
}

function near(given: string, known: readonly string[]): string {
  const best = nearest(given, known);
  return best === undefined ? `one of ${known.join(", ")}` : quote(best);
}

function optionsOf(command: Command): readonly string[] {
  const own = command.options.flatMap(({ long }) => (long ? [long] : []));
  return command.parent ? [...own, ...optionsOf(command.parent)] : [...own, "--help"];
}

function nameOf(command: Command): string {
  const above = command.parent?.parent ? `${nameOf(command.parent)} ` : "";
  return above + command.name();
}

/** The number that an option was given. @throws USAGE */
export function wholeOption(option: string, given: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usage(`${option}: expected a whole number from ${min} to ${max}, got ${quote(given)}`);
}
