// Users and groups of this machine by name or id: from /etc, else from whatever else it asks.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** For directories beside /etc, such as LDAP: getent(1) and id(1) may ask the network. */
const askMs = 2_000;

export function findUser(who: string | number): User | undefined {
  return find("passwd", who).flatMap(([name = "", , uid, gid, , home = "/"]) => {
    const user = { name, uid: Number(uid), gid: Number(gid), home };
    return Number.isInteger(user.uid) && Number.isInteger(user.gid) ? [user] : [];
  })[0];
}

export function findGroup(which: string | number): Group | undefined {
  return find("group", which).flatMap(([name = "", , gid]) =>
    Number.isInteger(Number(gid)) ? [{ name, gid: Number(gid) }] : [],
  )[0];
}

/** The groups that list the user beside their own one. */
export function furtherGroups(user: User): readonly number[] {
  const listed = lines("/etc/group").flatMap(([, , gid, members = ""]) =>
    members.split(",").includes(user.name) ? [Number(gid)] : [],
  );
  const isLocal = lines("/etc/passwd").some(([name]) => name === user.name);
  const asked = isLocal
    ? []
    : ask("id", ["-G", user.name]).split(/\s+/).filter(Boolean).map(Number);
  const all = [...listed, ...asked].filter((gid) => Number.isInteger(gid) && gid !== user.gid);
  return [...new Set(all)].sort((a, b) => a - b);
}

type Fields = readonly string[];

/** Names come first: a user whose name is "33" is meant by it, as chown(1) has it. */
function find(database: "passwd" | "group", key: string | number): readonly Fields[] {
  const isKey = (at: number) => (fields: Fields) => fields[at] === String(key);
  const known = lines(`/etc/${database}`);
  const local = known.find(isKey(0)) ?? known.find(isKey(2));
  if (local) return [local];
  const found =
    ask("getent", [database, String(key)])
      .trim()
      .split("\n")[0] ?? "";
  return found === "" ? [] : [found.split(":")];
}

function lines(file: string): readonly Fields[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // A machine without this file asks another directory, or nobody.
    return [];
  }
  return text.split("\n").flatMap((line) => (line.includes(":") ? [line.split(":")] : []));
}

/** Empty when the program is not there or knows nothing: then the name is told as unknown. */
function ask(program: string, args: readonly string[]): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync(program, args, { encoding: "utf8", timeout: askMs, stdio: [...stdio] });
  } catch {
    return "";
  }
}
