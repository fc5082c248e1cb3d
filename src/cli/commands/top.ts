// `homeostat top`: all instances, anew each second, until q; once where nobody could press it.
import { stdin, stdout } from "node:process";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { StateView } from "../../protocol/api.ts";
import { either, nearest, quote } from "../../wiring/words.ts";
import { type Client, connect, type GlobalOptions, whereIs } from "../context.ts";
import { cut, paint, say, sayJson, table } from "../print.ts";
import { cellsOf, heads, type InstanceRow, rowsOf } from "./instances.ts";

export interface TopOptions extends GlobalOptions {
  readonly sort?: string;
  readonly once?: boolean;
}

const everyMs = 1_000;

type Order = (a: InstanceRow, b: InstanceRow) => number;

const byName: Order = (a, b) => a.instance.localeCompare(b.instance, "en", { numeric: true });

const orders: Readonly<Record<string, Order>> = {
  cpu: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1) || byName(a, b),
  memory: (a, b) => (b.rssBytes ?? -1) - (a.rssBytes ?? -1) || byName(a, b),
  restarts: (a, b) => b.restarts - a.restarts || byName(a, b),
  name: byName,
};

/** The first letter of each is its key. */
const names = Object.keys(orders);

export async function top(options: TopOptions): Promise<void> {
  const client = connect(whereIs(options));
  const asked = options.sort ?? "cpu";
  if (!Object.hasOwn(orders, asked)) {
    const expected = nearest(asked, names) ?? either(names);
    throw new HomeostatError("USAGE", `top: --sort: expected ${expected}, got ${quote(asked)}`);
  }
  const view = await client.get<StateView>("/api/state");
  if (options.json) return sayJson(rowsOf(view).toSorted(orders[asked]));
  const isLive = stdout.isTTY === true && stdin.isTTY === true && process.env.TERM !== "dumb";
  if (options.once || !isLive) return say(pageOf(view, asked, { rows: 1_000, columns: 200 }));
  await live(client, view, asked);
}

/** On the second screen of the terminal, so that the first is as it was when it ends. */
async function live(client: Client, first: StateView, asked: string): Promise<void> {
  let view = first;
  let order = asked;
  let problem: string | undefined;
  const over = new AbortController();
  const draw = (): void => {
    const { rows = 24, columns = 80 } = stdout;
    const page = pageOf(view, order, { rows, columns }, problem);
    stdout.write(`\u001b[H${page.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
  };
  const onKey = (keys: Buffer): void => {
    const key = keys.toString().toLowerCase();
    if (key === "q" || key === "\u0003" || key === "\u001b") over.abort();
    order = names.find((name) => name.startsWith(key)) ?? order;
    if (!over.signal.aborted) draw();
  };
  const end = (): void => over.abort();
  stdout.write("\u001b[?1049h\u001b[?25l");
  stdin.setRawMode(true).on("data", onKey);
  stdout.on("resize", draw);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  try {
    while (!over.signal.aborted) {
      draw();
      await systemClock.sleep(everyMs, over.signal).catch(() => {});
      if (over.signal.aborted) break;
      problem = undefined;
      view = await client.get<StateView>("/api/state").catch((error: unknown) => {
        problem = messageOf(error);
        return view;
      });
    }
  } finally {
    stdin.setRawMode(false).off("data", onKey).pause();
    stdout.off("resize", draw).write("\u001b[?25h\u001b[?1049l");
  }
}

/** Never longer than the screen: a line too many would push the head out of it. */
function pageOf(
  view: StateView,
  order: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  problem?: string,
): string {
  const all = rowsOf(view).toSorted(orders[order]);
  const cpu = all.reduce((sum, row) => sum + (row.cpu ?? 0), 0);
  const mebibytes = all.reduce((sum, row) => sum + (row.rssBytes ?? 0), 0) / 1_048_576;
  const well = all.filter(({ health }) => health === "healthy").length;
  const sum = `${well} of ${all.length} healthy · ${(cpu * 100).toFixed(1)} % of a core · ${mebibytes.toFixed(0)} MiB`;
  const keys = names.map((name) => (name === order ? paint("bold", name) : name)).join(" ");
  const title = `${paint("bold", view.project)}  ${sum}  ${paint("dim", `sorted by ${keys} · q ends`)}`;
  const told = problem === undefined ? view.verdict.text : problem;
  const space = Math.max(1, rows - 5);
  const shown = all.slice(0, space);
  const lines = table([heads.map((text) => paint("dim", text)), ...shown.map(cellsOf)]).split("\n");
  const more = all.length - shown.length;
  const rest = more > 0 ? [paint("dim", `… and ${more} more`)] : [];
  const verdict = paint(problem === undefined ? "dim" : "bad", told);
  return [title, verdict, "", ...lines, ...rest].map((line) => cut(line, columns)).join("\n");
}
