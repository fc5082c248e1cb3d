// Requests in HTTP/2 that smugglers send: what is malformed there, or would be two things in HTTP/1.1.
import type { Pairs } from "../process/support/http2-frames.ts";

export interface H2Case {
  readonly name: string;
  readonly fields: Pairs;
  /** DATA frames; undefined ends the request with its head. */
  readonly data?: readonly string[];
  readonly trailers?: Pairs;
  /** Of the answer; "reset": the stream or the connection ends without one. */
  readonly status: number | "reset";
  /** What the instance gets to see: "GET /corpus ". */
  readonly seen: readonly string[];
}

const pseudo = { ":method": "GET", ":scheme": "https", ":path": "/corpus", ":authority": "shop" };

type Over = Partial<Record<keyof typeof pseudo, string | undefined>>;

function head(over: Over, ...fields: Pairs): Pairs {
  const all = Object.entries({ ...pseudo, ...over });
  return [
    ...all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...fields,
  ];
}

const post = (...fields: Pairs): Pairs => head({ ":method": "POST" }, ...fields);

function refused(name: string, fields: Pairs, status: H2Case["status"] = "reset"): H2Case {
  return { name, fields, status, seen: [] };
}

function passed(name: string, fields: Pairs, seen = "GET /corpus "): H2Case {
  return { name, fields, status: 200, seen: [seen] };
}

const smuggled = "GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\n";

const pseudoCases: readonly H2Case[] = [
  passed("a plain request", head({})),
  refused("no method", head({ ":method": undefined })),
  refused("no path", head({ ":path": undefined })),
  refused("no scheme", head({ ":scheme": undefined })),
  refused("an empty path", head({ ":path": "" })),
  refused("an empty method", head({ ":method": "" })),
  refused("two paths", [...head({}), [":path", "/smuggled"]]),
  refused("two methods", [[":method", "GET"], ...head({ ":method": "POST" })]),
  refused("a pseudo-field after a field", [["x-a", "b"], ...head({})]),
  refused("a pseudo-field that nobody knows", [[":version", "1.1"], ...head({})]),
  refused(":status in a request", [[":status", "200"], ...head({})]),
  refused(":protocol without an extended CONNECT", [[":protocol", "websocket"], ...head({})]),
  refused(
    "a method with a request line in it",
    head({ ":method": "GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\nGET" }),
  ),
  refused("a method with a space", head({ ":method": "GET /smuggled" })),
  refused("a method in small letters", head({ ":method": "get" }), 501),
  refused(
    "CONNECT",
    [
      [":method", "CONNECT"],
      [":authority", "shop:443"],
    ],
    501,
  ),
  refused("a path with a space", head({ ":path": "/corpus HTTP/1.1 /x" })),
  refused(
    "a path with a line in it",
    head({ ":path": `/corpus HTTP/1.1\r\nHost: shop\r\n\r\n${smuggled}` }),
  ),
  refused("a path with a bare LF", head({ ":path": "/corpus\nx: y" })),
  refused("a path with a NUL", head({ ":path": "/corpus\0" })),
  refused("a path with a tab", head({ ":path": "/corpus\t" })),
  refused("a path with a fragment", head({ ":path": "/corpus#x" }), 400),
  refused("a path above ASCII", head({ ":path": "/corpus\xe9" }), 400),
  refused("a path that does not begin with a slash", head({ ":path": "corpus" })),
  refused("a whole URI as path", head({ ":path": "http://evil/corpus" })),
  refused("* for GET", head({ ":path": "*" })),
  passed("* for OPTIONS", head({ ":method": "OPTIONS", ":path": "*" }), "OPTIONS * "),
  refused("a scheme that is a URI", head({ ":scheme": "https://evil/?" })),
  refused("a scheme nobody serves here", head({ ":scheme": "ftp" }), 400),
];

const hosts: readonly H2Case[] = [
  passed("host in place of :authority", head({ ":authority": undefined }, ["host", "shop"])),
  passed("host beside the same :authority", head({}, ["host", "SHOP"])),
  refused("neither host nor :authority", head({ ":authority": undefined })),
  refused("a host that differs from :authority", head({}, ["host", "evil"]), 400),
  refused("two fields host", head({}, ["host", "shop"], ["host", "shop"])),
  refused(":authority with a user", head({ ":authority": "me@shop" })),
  refused(":authority with a path", head({ ":authority": "shop/evil" })),
  refused(":authority with a line in it", head({ ":authority": "shop\r\nX: y" })),
  refused("host with a comma and more", head({ ":authority": undefined }, ["host", "shop evil"])),
];

const connectionFields: readonly H2Case[] = [
  ...(
    [
      ["connection", "keep-alive"],
      ["connection", "content-length"],
      ["keep-alive", "timeout=5"],
      ["proxy-connection", "close"],
      ["transfer-encoding", "chunked"],
      ["transfer-encoding", "identity"],
      ["upgrade", "websocket"],
      ["te", "gzip"],
      ["te", "trailers, deflate"],
    ] as const
  ).map(([name, value]) => refused(`${name}: ${value}`, head({}, [name, value]))),
  refused("http2-settings", head({}, ["http2-settings", "AAMAAABk"]), 400),
  passed("te: trailers", head({}, ["te", "trailers"])),
  refused(
    "a name with underscores that stands for another",
    head({}, ["transfer_encoding", "chunked"]),
    400,
  ),
];

/** Node leaves out what is malformed by its bytes before we see it: the rest must be harmless. */
const bytes: readonly H2Case[] = [
  refused("a name in capitals", head({}, ["X-Upper", "1"])),
  refused("Transfer-Encoding in capitals", head({}, ["Transfer-Encoding", "chunked"])),
  passed("a value with a field in it", head({}, ["x-a", "b\r\ntransfer-encoding: chunked"])),
  passed("a value with a request in it", head({}, ["x-a", `b\r\n\r\n${smuggled}`])),
  passed("a value with a bare LF", head({}, ["x-a", "b\ntransfer-encoding: chunked"])),
  passed("a value with a bare CR", head({}, ["x-a", "b\rc"])),
  passed("a value with a NUL", head({}, ["x-a", "b\0c"])),
  passed("a name with a colon", head({}, ["x-a: b", "c"])),
  passed("a name with a line in it", head({}, ["x-a: b\r\ntransfer-encoding", "chunked"])),
  passed("a name with a space", head({}, ["transfer-encoding ", "chunked"])),
  passed("a name with a NUL", head({}, ["transfer-encoding\0", "chunked"])),
  passed("a value with blanks at its edges", head({}, ["x-a", " b\t"])),
  passed("a value above ASCII", head({}, ["x-a", "\xe9\xff"])),
  passed("cookies in pieces", head({}, ["cookie", "a=1"], ["cookie", "b=2"])),
];

function body(name: string, fields: Pairs, data: readonly string[], seen?: string): H2Case {
  if (seen === undefined) return { name, fields, data, status: "reset", seen: [] };
  return { name, fields, data, status: 200, seen: [seen] };
}

const lengths: readonly H2Case[] = [
  body("a body without a length", post(), ["hello"], "POST /corpus hello"),
  body(
    "a body with its length",
    post(["content-length", "5"]),
    ["he", "llo"],
    "POST /corpus hello",
  ),
  body("a body of nothing", post(["content-length", "0"]), [""], "POST /corpus "),
  body("a GET with a body", head({}), ["hello"], "GET /corpus hello"),
  body("a body longer than its length (H2.CL)", post(["content-length", "0"]), [smuggled]),
  body("a body longer by a request", post(["content-length", "5"]), [`hello${smuggled}`]),
  body("a body shorter than its length", post(["content-length", "50"]), ["hello"]),
  body("two lengths that differ", post(["content-length", "5"], ["content-length", "6"]), [
    "hello",
  ]),
  body("two lengths that are equal", post(["content-length", "5"], ["content-length", "5"]), [
    "hello",
  ]),
  ...["+5", "-5", "5,5", "0x5", "five", "", "5 5", "18446744073709551621"].map((length) =>
    body(`content-length ${JSON.stringify(length)}`, post(["content-length", length]), ["hello"]),
  ),
  refused("a length with a head that is the end", post(["content-length", "5"])),
  body("chunked in a body (H2.TE)", post(["transfer-encoding", "chunked"]), [
    `0\r\n\r\n${smuggled}`,
  ]),
  body(
    "chunks in the DATA are data",
    post(),
    [`0\r\n\r\n${smuggled}`],
    `POST /corpus 0\r\n\r\n${smuggled}`,
  ),
  body("DATA of no bytes is no last chunk", post(), ["a", "", "b"], "POST /corpus ab"),
];

function trailing(name: string, trailers: Pairs, passes: boolean): H2Case {
  const rest = passes
    ? ({ status: 200, seen: ["POST /corpus hello"] } as const)
    : ({ status: "reset", seen: [] } as const);
  return { name, fields: post(), data: ["hello"], trailers, ...rest };
}

const trailers: readonly H2Case[] = [
  trailing("trailers", [["x-sum", "42"]], true),
  trailing("a pseudo-field in the trailers", [[":path", "/smuggled"]], false),
  trailing("transfer-encoding in the trailers", [["transfer-encoding", "chunked"]], false),
  trailing("connection in the trailers", [["connection", "close"]], false),
  trailing("a request in a trailer's value", [["x-a", `b\r\n\r\n${smuggled}`]], true),
  ...(["content-length", "host", "expect"] as const).map((name) => ({
    ...trailing(`${name} in the trailers`, [[name, "5"]], false),
    status: 400,
  })),
];

export const http2Corpus: readonly H2Case[] = [
  ...[...pseudoCases, ...hosts, ...connectionFields, ...bytes],
  ...[...lengths, ...trailers],
];
