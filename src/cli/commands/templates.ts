// `homeostat templates`: which kinds of lines a log has, of a file or of what comes in.
import { createReadStream } from "node:fs";
import { stdin } from "node:process";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { kindsIn } from "../../wiring/log-kinds.ts";
import type { GlobalOptions } from "../context.ts";
import { paint, say, sayJson, type Tone, table } from "../print.ts";
import { wholeOption } from "../usage.ts";

export interface TemplatesOptions extends GlobalOptions {
  readonly lines?: string;
}

const shownDefault = "50";
/** More than a daemon keeps of a service: here nobody waits for memory. */
const kindsMax = 5_000;
const tones: Readonly<Record<string, Tone>> = { error: "bad", warn: "warn" };

/** "-": standard input. @throws USAGE for a file that cannot be read */
export async function templates(file: string, options: TemplatesOptions): Promise<void> {
  const most = wholeOption("--lines", options.lines ?? shownDefault, 1, kindsMax);
  const input: AsyncIterable<Buffer> = file === "-" ? stdin : createReadStream(file);
  const all = await kindsIn(input, kindsMax).catch((error: unknown) => {
    throw new HomeostatError("USAGE", `templates: ${messageOf(error)}`, { cause: error });
  });
  const kinds = all.slice(0, most);
  if (options.json) return sayJson(kinds);
  const head = ["lines", "severity", "template"].map((text) => paint("dim", text));
  const rows = kinds.map(({ text, severity, count }) => [
    String(count),
    paint(tones[severity] ?? "dim", severity),
    text,
  ]);
  say(table([head, ...rows]));
  if (all.length > kinds.length) say(paint("dim", `… and ${all.length - kinds.length} more`));
}
