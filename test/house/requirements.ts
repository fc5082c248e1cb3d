// Reads the table of requirements and says what is wrong with it.
import { rowsOf } from "./markdown.ts";

/** The list of promises by number; docs/requirements.md cannot vouch for itself. */
const counts: Readonly<Record<string, number>> = { S1: 44, S2: 75, S3: 63, T: 33 };

export const ids: readonly string[] = Object.entries(counts).flatMap(([source, count]) =>
  Array.from({ length: count }, (_, index) => `${source}-${index + 1}`),
);

const state = /^(?:yes|part: \S.*|not yet(?: — \S.*)?)$/;

/** Everything wrong with the page; `exists` says whether a path of the repository is there. */
export function problemsOf(page: string, exists: (path: string) => boolean): readonly string[] {
  const rows = rowsOf(page, "id");
  const told = rows.map((row) => row.id ?? "");
  const count = (id: string): number => told.filter((other) => other === id).length;
  return [
    ...ids.filter((id) => count(id) !== 1).map((id) => `${id} has ${count(id)} rows, not one`),
    ...told.filter((id) => !ids.includes(id)).map((id) => `${id} is no id of the list`),
    ...rows.flatMap((row) => problemsOfRow(row, exists)),
  ];
}

function problemsOfRow(
  row: Readonly<Record<string, string>>,
  exists: (path: string) => boolean,
): readonly string[] {
  const { id = "", promise = "", where = "", test = "", state: is = "" } = row;
  const problems: string[] = [];
  if (promise === "") problems.push(`${id} says no promise`);
  if (!state.test(is)) problems.push(`${id} is "${is}": say yes, part: what, or not yet — area`);
  if (is === "yes" && test === "") problems.push(`${id} is yes without a test`);
  if (!is.startsWith("not yet") && where === "") problems.push(`${id} says no place`);
  const paths = [...pathsOf(where), ...pathsOf(test)];
  problems.push(...paths.filter((path) => !exists(path)).map((path) => `${id}: no file ${path}`));
  return problems;
}

/** Paths separated by commas, with or without the marks of code. */
function pathsOf(cell: string): readonly string[] {
  return cell
    .split(",")
    .map((path) => path.trim().replaceAll("`", ""))
    .filter((path) => path !== "");
}
