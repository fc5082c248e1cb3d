// What a request gives: its body and its numbers, checked.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Asked } from "./router.ts";

const bodyBytesMax = 65_536;

export interface Given {
  readonly by: string;
  readonly reason: string;
  /** Which launch is meant; empty when none was named. */
  readonly nonce: string;
  /** As it came. */
  readonly order?: unknown;
}

/** The JSON of a body; nothing at all is empty settings. @throws WIRE_SHAPE */
export async function given(asked: Asked): Promise<unknown> {
  const text = await asked.text(bodyBytesMax);
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw new HomeostatError("WIRE_SHAPE", `body: expected JSON, got ${messageOf(error)}`);
  }
}

/** @throws WIRE_SHAPE */
export async function body(asked: Asked): Promise<Given> {
  const value = await given(asked);
  const { by, reason, nonce, order } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<Record<string, unknown>>;
  return {
    by: clean(by, "by", "dashboard"),
    reason: clean(reason, "reason", ""),
    nonce: clean(nonce, "nonce", ""),
    order,
  };
}

function clean(value: unknown, name: string, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value === "string" && value.length <= 500) return value;
  throw new HomeostatError(
    "WIRE_SHAPE",
    `${name}: expected text of at most 500 characters, got ${JSON.stringify(value).slice(0, 60)}`,
  );
}

/** @throws WIRE_SHAPE */
export function whole(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  const message = `${name}: expected a whole number from 1 to ${max}, got "${text}"`;
  throw new HomeostatError("WIRE_SHAPE", message);
}
