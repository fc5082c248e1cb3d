// The imported services as the text of a homeostat.yaml, with what was not carried over as comments.
import { Document, isMap, isScalar, type Pair } from "yaml";
import type { Imported } from "./draft.ts";

/** A setting that this machine refuses: it stands as a comment. */
export interface Refused {
  readonly service: string;
  readonly key: string;
  readonly value: unknown;
  readonly why: string;
}

export function yamlOf(
  { drafts, notes }: Imported,
  head: readonly string[],
  refused: readonly Refused[],
): string {
  const services = Object.fromEntries(drafts.map(({ name, settings }) => [name, settings]));
  const document = new Document({ services });
  document.commentBefore = comment([...head, ...notes]);
  const node = document.get("services");
  if (!isMap(node)) return document.toString();
  for (const pair of node.items as Pair[]) {
    const name = isScalar(pair.key) ? String(pair.key.value) : "";
    const own = drafts.find((draft) => draft.name === name)?.notes ?? [];
    const lines = refused
      .filter(({ service }) => service === name)
      .map(({ key, value, why }) => `${key}: ${JSON.stringify(value)}  (${why})`);
    const all = [...own, ...lines];
    if (isScalar(pair.key) && all.length > 0) pair.key.commentBefore = comment(all);
  }
  return document.toString({ lineWidth: 0 });
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${line.replaceAll(/\s*\n\s*/g, " ")}`).join("\n");
}
