// What a generated file for another supervisor is made of, and what all of them say alike.
import { span } from "../../wiring/words.ts";

export interface Around {
  /** Name of the project: small letters, digits and "-". */
  readonly project: string;
  /** The project folder, absolute. */
  readonly folder: string;
  /** The name of the config file in it. */
  readonly file: string;
  /** Starts this Homeostat here: Node, its options, the program, and what `up` was asked with. */
  readonly command: readonly string[];
  /** Who runs it; undefined for root, because services switch users. */
  readonly user: string | undefined;
  /** Where programs are found, unless that is where they always are. */
  readonly path: string | undefined;
  /** How long stopping everything takes at most. */
  readonly stopMs: number;
  /** From SIGTERM to SIGKILL: longer. */
  readonly graceMs: number;
  readonly ports: readonly Port[];
  /** What a package.json beside the config says. */
  readonly packaged: Packaged | undefined;
  readonly version: string;
}

export interface Port {
  readonly service: string;
  readonly port: number;
  /** Whether it is reached from outside of the machine or container. */
  readonly open: boolean;
}

export interface Packaged {
  readonly lockfile: boolean;
  /** Homeostat is one of its dependencies. */
  readonly hasHomeostat: boolean;
}

export interface UnitFile {
  readonly name: string;
  readonly text: string;
  /** What to do with it, a line each; `$` begins a command. */
  readonly next: readonly string[];
}

/** Which command wrote it, and from what. */
export function madeBy(kind: string, { file }: Around): string {
  return `Written by \`homeostat init ${kind}\` from ${file}; yours to change.`;
}

/** Why it is given so long. */
export function whyGrace({ stopMs }: Around): string {
  return `Stopping everything takes up to ${span(stopMs)}; what is left after this is killed.`;
}

export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function seconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
