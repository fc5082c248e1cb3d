// Reads what a service needs from its environment; all that is wrong is told at once, exit code 78.
import { mkdirSync } from "node:fs";

export interface Settings<Url extends string> {
  readonly name: string;
  readonly port: number;
  /** The folder with the databases of the shop; it exists. */
  readonly state: string;
  readonly urls: Readonly<Record<Url, string>>;
}

/** PORT, SHOP_STATE and the addresses named in `wanted`, such as CATALOG_URL. */
export function settings<const Url extends string>(
  name: string,
  wanted: readonly Url[] = [],
): Settings<Url> {
  const { PORT = "", SHOP_STATE: state = "" } = process.env;
  const problems: string[] = [];
  const expect = (good: boolean, key: string, what: string): void => {
    if (!good) problems.push(`${key}: expected ${what}, got ${process.env[key] || "nothing"}`);
  };
  expect(/^\d{1,5}$/.test(PORT) && Number(PORT) < 65_536, "PORT", "a port number");
  expect(state !== "", "SHOP_STATE", "a folder");
  for (const key of wanted) expect(URL.canParse(process.env[key] ?? ""), key, "an http address");
  if (problems.length > 0) misconfigured(`${name}: ${problems.join("; ")}`);
  mkdirSync(state, { recursive: true });
  const urls = Object.fromEntries(wanted.map((key) => [key, process.env[key] ?? ""]));
  return { name, port: Number(PORT), state, urls: urls as Record<Url, string> };
}

/** Ends the process as sysexits.h wants it for a configuration error: one line, code 78. */
export function misconfigured(line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(78);
}
