// Reads a Protocol Buffers message by a table of its fields, into what its JSON form would be.
import {
  broken,
  type Cursor,
  double,
  enter,
  fixed64,
  signed,
  signed64,
  skip,
  text,
  varint,
  zigzag,
} from "./cursor.ts";

/**
 * `raw` keeps the field as it came, its tag before it, and adds up where it comes again: as bytes in
 * a latin1 text, which is the key of what it says before anybody has to read it.
 */
export type Kind =
  | "whole"
  | "signed"
  | "zigzag"
  | "fixed64"
  | "signed64"
  | "double"
  | "text"
  | "raw";

export interface Field {
  readonly name: string;
  readonly kind: Kind | Shape;
  /** It may come often: the value is a list. */
  readonly many?: boolean;
}

export interface Shape {
  /** By field number. */
  readonly fields: readonly (Field | undefined)[];
  /** An empty message with all its fields in one order: the engine then reads it fast. */
  readonly make: () => object;
}

type Message = Record<string, unknown>;

/** For each kind: how it is written (the wire type), and how it is read. */
const kinds: Readonly<Record<Exclude<Kind, "raw">, readonly [number, (it: Cursor) => unknown]>> = {
  whole: [0, varint],
  signed: [0, signed],
  zigzag: [0, zigzag],
  fixed64: [1, fixed64],
  signed64: [1, signed64],
  double: [1, double],
  text: [2, text],
};

export function shapeOf(fields: Readonly<Record<number, Field>>, make: () => object): Shape {
  const list: (Field | undefined)[] = [];
  for (const [number, field] of Object.entries(fields)) list[Number(number)] = field;
  return { fields: list, make };
}

/** @throws WIRE_SHAPE for bytes that are no message of this shape; what it does not know is left out. */
export function readMessage(it: Cursor, shape: Shape): object {
  it.left -= 1;
  if (it.left < 0) broken(it.at, "more messages than one request may have");
  const message = shape.make() as Message;
  while (it.at < it.end) {
    const start = it.at;
    const tag = varint(it);
    const field = shape.fields[Math.floor(tag / 8)];
    if (tag < 8) broken(start, "a field without a number");
    if (field === undefined) skip(it, tag & 7);
    else readField(it, message, field, tag & 7, start);
  }
  return message;
}

function readField(it: Cursor, message: Message, field: Field, wire: number, start: number): void {
  const { name, kind, many } = field;
  if (kind === "raw") {
    skip(it, wire);
    message[name] = ((message[name] as string) || "") + it.bytes.toString("latin1", start, it.at);
    return;
  }
  if (typeof kind === "object") {
    if (wire !== 2) broken(start, `${name} is no message`);
    const outer = enter(it);
    const inner = readMessage(it, kind);
    it.end = outer;
    if (many) (message[name] as unknown[]).push(inner);
    else message[name] = inner;
    return;
  }
  const [own, read] = kinds[kind];
  if (wire === own) {
    if (many) (message[name] as unknown[]).push(read(it));
    else message[name] = read(it);
    return;
  }
  if (!many || wire !== 2) broken(start, `${name} has wire type ${wire}`);
  const outer = enter(it);
  const values = message[name] as unknown[];
  while (it.at < it.end) values.push(read(it));
  it.end = outer;
}
