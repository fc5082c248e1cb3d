// Reads syslog messages by the grammar of RFC 5424, section 6, and frames by RFC 6587, section 3.4.1.
import assert from "node:assert/strict";

export interface SyslogMessage {
  readonly facility: number;
  readonly severity: number;
  readonly at: number;
  readonly hostname: string;
  readonly app: string;
  readonly processId: string;
  readonly messageId: string;
  readonly data: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly text: string;
}

const print = "[\\x21-\\x7e]";
const header = new RegExp(
  "^<(0|[1-9]\\d{0,2})>([1-9]\\d{0,2}) " +
    "(-|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?(?:Z|[+-]\\d\\d:\\d\\d)) " +
    `(${print}{1,255}) (${print}{1,48}) (${print}{1,128}) (${print}{1,32}) `,
);
const param = /^ ([\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]{1,32})="((?:[^"\\\]]|\\["\\\]])*)"/;

/** Throws unless the bytes are one message of the grammar. */
export function parseSyslog(bytes: Buffer): SyslogMessage {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const [head, priority, version, time = "", hostname = "", app = "", processId = "", id = ""] =
    header.exec(text) ?? assert.fail(`no header: ${text}`);
  const number = Number(priority);
  assert.ok(number <= 191 && version === "1");
  const data = new Map<string, ReadonlyMap<string, string>>();
  let rest = text.slice(head.length);
  if (rest.startsWith("-")) rest = rest.slice(1);
  else assert.ok(rest.startsWith("["), `neither data nor "-": ${text}`);
  while (rest.startsWith("[")) {
    const [start, name = ""] =
      /^\[([\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]{1,32})/.exec(rest) ?? assert.fail(rest);
    assert.ok(!data.has(name), "an id stands once");
    rest = rest.slice(start.length);
    const params = new Map<string, string>();
    for (let found = param.exec(rest); found; found = param.exec(rest)) {
      params.set(found[1] ?? "", (found[2] ?? "").replaceAll(/\\(["\\\]])/g, "$1"));
      rest = rest.slice(found[0].length);
    }
    assert.ok(rest.startsWith("]"), `the data does not end: ${rest}`);
    rest = rest.slice(1);
    data.set(name, params);
  }
  assert.ok(rest === "" || rest.startsWith(" "), `no space before the text: ${rest}`);
  const message = rest.slice(1);
  const ascii = /^[\x20-\x7e]*$/.test(message);
  assert.ok(ascii || message.startsWith("\ufeff"), "UTF-8 is announced");
  return {
    facility: number >> 3,
    severity: number & 7,
    at: Date.parse(time),
    hostname,
    app,
    processId,
    messageId: id,
    data,
    text: message.replace(/^\ufeff/, ""),
  };
}

/** The messages of a stream with octet counting, and the bytes of one that is not whole yet. */
export function unframe(stream: Buffer): {
  readonly messages: readonly Buffer[];
  readonly rest: Buffer;
} {
  const messages: Buffer[] = [];
  let rest = stream;
  for (;;) {
    const [count, digits = ""] = /^([1-9]\d{0,5}) /.exec(rest.toString("latin1", 0, 8)) ?? [];
    if (count === undefined) {
      assert.ok(
        /^([1-9]\d{0,5})?$/.test(rest.toString("latin1", 0, 8)),
        "a frame begins with its length",
      );
      return { messages, rest };
    }
    const end = count.length + Number(digits);
    if (rest.length < end) return { messages, rest };
    messages.push(rest.subarray(count.length, end));
    rest = rest.subarray(end);
  }
}
