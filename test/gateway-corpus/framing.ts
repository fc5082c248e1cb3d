// Where a body ends: lengths, codings, both, and requests that hide behind a wrong answer to that.
import { type Case, chunked, get, hex, passed, post, refused, smuggled } from "./case.ts";

const zero = "0\r\n\r\n";

const lengths: readonly Case[] = [
  passed("a length of 5", post("hello", "Content-Length: 5")),
  passed("a length of 0", post("", "Content-Length: 0")),
  passed("a POST without a length", post("")),
  passed("a length with zeros in front", post("hello", "Content-Length: 0005")),
  passed("a length with spaces around", post("hello", "Content-Length:  5 \t")),
  passed("a length in a name of capitals", post("hello", "CONTENT-LENGTH: 5")),
  passed("a GET with a body", `${get("Content-Length: 5").slice(0, -2)}\r\nhello`),
  ...[
    "",
    "-1",
    "+5",
    "5.0",
    "5e0",
    "0x5",
    "5,5",
    "5, 5",
    "5 5",
    "five",
    "'5'",
    '"5"',
    "5;",
    "٥",
    "1_0",
    "5\t5",
    "5,",
    ",5",
    "Infinity",
    "NaN",
  ].map((length) =>
    refused(
      `Content-Length: ${JSON.stringify(length)}`,
      Buffer.from(post("hello", `Content-Length: ${length}`)).toString("latin1"),
    ),
  ),
  ...[
    "68719476737",
    "999999999999999",
    "9007199254740993",
    "18446744073709551621",
    "9".repeat(60),
  ].map((length) =>
    refused(`a length of ${length}`, post("hello", `Content-Length: ${length}`), 413),
  ),
  refused("two lengths that differ", post("hello", "Content-Length: 5", "Content-Length: 6")),
  refused("two lengths that are equal", post("hello", "Content-Length: 5", "Content-Length: 5")),
  refused("two lengths, one empty", post("hello", "Content-Length: 5", "Content-Length:")),
  refused(
    "a length of 0 and one",
    post(smuggled, "Content-Length: 0", `Content-Length: ${smuggled.length}`),
  ),
  refused("two lengths in different case", post("hello", "Content-Length: 5", "content-length: 6")),
  refused("a length with a space before its colon", post("hello", "Content-Length : 5")),
  refused("a length with a control byte", post("hello", "Content-Length: \x0b5")),
  refused("a length with a NUL", post("hello", "Content-Length: 5\0")),
];

const codings: readonly Case[] = [
  passed("chunked", chunked(`5\r\nhello\r\n${zero}`)),
  passed("Chunked in capitals", post(zero, "Transfer-Encoding: CHUNKED")),
  passed("chunked with spaces around", post(zero, "Transfer-Encoding: \t chunked \t")),
  passed("TRANSFER-ENCODING in capitals", post(zero, "TRANSFER-ENCODING: chunked")),
  passed("GET with chunked", `${get("Transfer-Encoding: chunked")}${zero}`),
  ...["gzip", "identity", "deflate", "compress", "br", "gzip, deflate", "xchunkedx"].map((coding) =>
    refused(`coding ${coding}`, post(zero, `Transfer-Encoding: ${coding}`), 501),
  ),
  ...["xchunked", "gzip, chunked", "identity, chunked", "chunked-not", "'chunked'"].map((coding) =>
    refused(`coding ${coding}`, post(zero, `Transfer-Encoding: ${coding}`), 501),
  ),
  ...[
    "",
    "chunked, gzip",
    "chunked, identity",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "chunked;q=1",
    '"chunked"',
    "chunked chunked",
    "[chunked]",
    "chunk ed",
    "x y",
  ].map((coding) =>
    refused(`coding ${JSON.stringify(coding)}`, post(zero, `Transfer-Encoding: ${coding}`)),
  ),
  ...[0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1f, 0x7f].flatMap((byte) => [
    refused(
      `chunked after ${hex(byte)}`,
      post(zero, `Transfer-Encoding: ${String.fromCharCode(byte)}chunked`),
    ),
    refused(
      `chunked before ${hex(byte)}`,
      post(zero, `Transfer-Encoding: chunked${String.fromCharCode(byte)}`),
    ),
  ]),
  refused("chunked after a byte above ASCII", post(zero, "Transfer-Encoding: \xa0chunked")),
  refused(
    "two codings in two lines",
    post(zero, "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"),
  ),
  refused(
    "chunked twice in two lines",
    post(zero, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
  ),
  refused(
    "identity, then chunked in two lines",
    post(zero, "Transfer-Encoding: identity", "Transfer-Encoding: chunked"),
  ),
  refused("a space before the colon of a coding", post(zero, "Transfer-Encoding : chunked")),
  refused("a coding folded", post(zero, "Transfer-Encoding:", " chunked")),
  refused("a coding behind a bare LF", post(zero, "X-One: a\nTransfer-Encoding: chunked")),
  refused("a coding behind a bare CR", post(zero, "X-One: a\rTransfer-Encoding: chunked")),
  refused(
    "a coding in HTTP/1.0",
    `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${zero}`,
  ),
];

const both: readonly Case[] = [
  refused(
    "length, then coding (CL.TE)",
    post(
      `${zero}${smuggled}`,
      `Content-Length: ${5 + smuggled.length}`,
      "Transfer-Encoding: chunked",
    ),
  ),
  refused(
    "coding, then length (TE.CL)",
    post(`5\r\nhello\r\n${zero}`, "Transfer-Encoding: chunked", "Content-Length: 4"),
  ),
  refused(
    "a length of 0 and a coding",
    post(zero, "Content-Length: 0", "Transfer-Encoding: chunked"),
  ),
  refused(
    "a coding that is hidden by its case",
    post(zero, "Content-Length: 5", "tRaNsFeR-eNcOdInG: cHuNkEd"),
  ),
  refused(
    "a length and a coding nobody knows",
    post(zero, "Content-Length: 5", "Transfer-Encoding: gzip"),
  ),
  refused("a length and an empty coding", post(zero, "Content-Length: 5", "Transfer-Encoding:")),
  refused(
    "a length and two codings",
    post(zero, "Content-Length: 5", "Transfer-Encoding: chunked", "Transfer-Encoding: x"),
  ),
  refused(
    "both, the coding in HTTP/1.0",
    `POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${zero}`,
  ),
  passed(
    "a coding in a field of another name",
    post("hello", "Content-Length: 5", "X-Transfer-Encoding: chunked"),
  ),
  passed(
    "Content-Encoding: chunked, which frames nothing",
    post("hello", "Content-Length: 5", "Content-Encoding: chunked"),
  ),
  passed(
    "a length in a connection option",
    post("hello", "Content-Length: 5", "Connection: content-length"),
  ),
  passed(
    "a coding in a connection option",
    post(zero, "Transfer-Encoding: chunked", "Connection: transfer-encoding"),
  ),
];

const pipelines: readonly Case[] = [
  passed("two requests at once", get() + get(), 2),
  passed("ten requests at once", get().repeat(10), 10),
  passed("a body and a request", post("hello", "Content-Length: 5") + get(), 2),
  passed("chunks and a request", chunked(`5\r\nhello\r\n${zero}`) + get(), 2),
  passed("a body that looks like a request", post(smuggled, `Content-Length: ${smuggled.length}`)),
  passed(
    "a chunk that looks like a request",
    chunked(`${smuggled.length.toString(16)}\r\n${smuggled}\r\n${zero}`),
  ),
  passed("a good request, then a bad one", `${get()}GET / HTTP/1.1\r\n\r\n`),
  passed("an empty line between requests", `${get()}\r\n${get()}`, 2),
  passed("a request after Connection: close", get("Connection: close") + get()),
  passed("a request after HTTP/1.0", `GET /corpus HTTP/1.0\r\nHost: a\r\n\r\n${get()}`),
  passed(
    "a request after HTTP/1.0 that stays",
    `GET /corpus HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n${get()}`,
    2,
  ),
  refused("a request after one that is refused", get("X One: 1") + get()),
];

export const framingCases: readonly Case[] = [...lengths, ...codings, ...both, ...pipelines];
