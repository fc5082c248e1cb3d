// A source of foreign figures: besides the contract it tells what became of what it was sent.
import type { SourceView } from "../../protocol/sources.ts";
import type { Source } from "../source.ts";
import type { IntakeOptions } from "./intake.ts";

export interface ForeignSource extends Source {
  /** Undefined before it has started. */
  view(): SourceView | undefined;
}

export interface ReceiverOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  /** The largest body, unpacked. */
  readonly bodyBytes: number;
  readonly foreign: IntakeOptions;
}

export function whereOf({ host, port }: ReceiverOptions): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
