// A session of PostgreSQL through psql, as there is no client library: one statement after another.
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Psql extends AsyncDisposable {
  /** `$1` and so on are put in as literals. */
  query(
    text: string,
    values: readonly (string | number)[],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, string>>[] }>;
}

const mark = "--- that is all ---";

export function openPsql(program: string, args: readonly string[]): Psql {
  // Through a shell, so that errors and answers come in their order.
  const child = spawn("sh", ["-c", 'exec "$0" "$@" 2>&1', program, "-Xq", "--csv", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  let waiting: ((answer: string) => void) | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    const end = said.indexOf(`${mark}\n`);
    if (end < 0) return;
    const answer = said.slice(0, end);
    said = said.slice(end + mark.length + 1);
    waiting?.(answer);
  });
  const ask = async (sql: string): Promise<string> => {
    const answer = new Promise<string>((resolve) => {
      waiting = resolve;
    });
    child.stdin.write(`${sql};\n\\echo '${mark}'\n`);
    return answer;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: async (text, values) => {
      const answer = last.then(() =>
        ask(text.replace(/\$(\d)/g, (_, n) => literal(values[n - 1]))),
      );
      last = answer;
      const said = await answer;
      const fault = /^ERROR: {2}(.*)$/m.exec(said)?.[1];
      if (fault !== undefined) throw new Error(fault);
      return { rows: rowsOf(said) };
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end("\\q\n");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function literal(value: string | number | undefined): string {
  if (typeof value === "number") return String(value);
  return `'${(value ?? "").replaceAll("'", "''")}'`;
}

/** Enough of CSV for what the tests ask: a quoted field may hold commas, quotes and ends of line. */
function rowsOf(csv: string): readonly Readonly<Record<string, string>>[] {
  const lines = [
    ...csv.matchAll(/(?:"(?:[^"]|"")*"|[^",\n])*(?:,(?:"(?:[^"]|"")*"|[^",\n])*)*\n/g),
  ];
  const [head, ...rows] = lines.map(([line]) =>
    [...line.slice(0, -1).matchAll(/(?:^|,)("(?:[^"]|"")*"|[^",]*)/g)].map(([, field = ""]) =>
      field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field,
    ),
  );
  return rows.map((row) => Object.fromEntries(row.map((field, i) => [head?.[i] ?? "", field])));
}
