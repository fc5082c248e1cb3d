// `homeostat ps`: one line for each instance, or the same as JSON.
import { HomeostatError } from "../../kernel/errors.ts";
import type { StateView } from "../../protocol/api.ts";
import { nearest, quote } from "../../wiring/words.ts";
import { connect, type GlobalOptions, whereIs } from "../context.ts";
import { paint, say, sayJson, table } from "../print.ts";
import { cellsOf, headsOf, type InstanceRow, rowsOf } from "./instances.ts";

export interface PsOptions extends GlobalOptions {
  readonly pss?: boolean;
}

export async function ps(names: readonly string[], options: PsOptions): Promise<void> {
  const client = connect(whereIs(options));
  const view = await client.get<StateView>("/api/state");
  const found = meant(view, names);
  const pss = options.pss
    ? await client.get<Readonly<Record<string, number>>>("/api/pss")
    : undefined;
  const rows = pss
    ? found.map((row) => ({ ...row, pssBytes: pss[row.instance] ?? Number.NaN }))
    : found;
  if (options.json) return sayJson(rows);
  const head = headsOf(pss !== undefined).map((text) => paint("dim", text));
  say(table([head, ...rows.map(cellsOf)]));
}

/** Of services, groups and instances. @throws UNKNOWN_ID for a name that means none */
function meant(view: StateView, names: readonly string[]): readonly InstanceRow[] {
  const rows = rowsOf(view);
  if (names.length === 0) return rows;
  const groups = new Map(view.services.map(({ name, partOf }) => [name, partOf]));
  const fits = ({ instance, service }: InstanceRow, name: string): boolean =>
    [instance, service, groups.get(service)].includes(name);
  for (const name of names) {
    if (rows.some((row) => fits(row, name))) continue;
    const known = [...groups.keys()];
    const near = nearest(name, known);
    const expected = near === undefined ? `one of ${known.join(", ")}` : quote(near);
    throw new HomeostatError("UNKNOWN_ID", `ps: expected ${expected}, got ${quote(name)}`);
  }
  return rows.filter((row) => names.some((name) => fits(row, name)));
}
