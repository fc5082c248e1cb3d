// Chunks: sizes, extensions, ends of lines and trailers.
import { type Case, chunked, hex, passed, refused, smuggled } from "./case.ts";

const zero = "0\r\n\r\n";

/** Refused, though an instance has seen its head: the body came when it was on its way. */
const broken = (name: string, body: string, status = 400): Case =>
  refused(name, chunked(body), status);

const sizes: readonly Case[] = [
  passed(
    "sizes in capitals and small letters",
    chunked(`a\r\n0123456789\r\nA\r\n0123456789\r\n${zero}`),
  ),
  passed("zeros in front", chunked(`0005\r\nhello\r\n${zero}`)),
  passed("the last size with zeros", chunked("000\r\n\r\n")),
  passed("thirteen digits", chunked(`0000000000005\r\nhello\r\n${zero}`)),
  ...[
    "",
    "g",
    "0x5",
    "-5",
    "+5",
    "5 ",
    " 5",
    "\t5",
    "5\t",
    "5,",
    "5.0",
    "5h",
    "\xd9\xa5",
    "5 5",
    "#",
    "'5'",
  ].map((size) => broken(`the size ${JSON.stringify(size)}`, `${size}\r\nhello\r\n${zero}`)),
  broken("a size of fourteen digits", `00000000000005\r\nhello\r\n${zero}`),
  broken("a size beyond 64 bits", `10000000000000005\r\nhello\r\n${zero}`),
  broken("a size of all digits", `ffffffffffffffff\r\nhello\r\n${zero}`),
  broken("a size beyond the limit of bodies", `fffffffffffff\r\nhello\r\n${zero}`, 413),
  ...[0x00, 0x0b, 0x0c, 0x1f, 0x7f, 0x80, 0xa0, 0xff].map((byte) =>
    broken(
      `the byte ${hex(byte)} after a size`,
      `5${String.fromCharCode(byte)}\r\nhello\r\n${zero}`,
    ),
  ),
];

const ends: readonly Case[] = [
  broken("a bare LF after a size", `5\nhello\r\n${zero}`),
  broken("a bare CR after a size", `5\rhello\r\n${zero}`),
  broken("CR CR LF after a size", `5\r\r\nhello\r\n${zero}`),
  broken("a bare LF after data", `5\r\nhello\n${zero}`),
  broken("a bare CR after data", `5\r\nhello\r${zero}`),
  broken("no end after data", `5\r\nhello${zero}`),
  broken("data that are longer than their size", `4\r\nhello\r\n${zero}`),
  broken("data that are shorter than their size", `6\r\nhello\r\n${zero}`),
  broken("a bare LF after the last size", "0\n\r\n"),
  broken("a bare LF at the end", "0\r\n\n"),
  broken("a bare CR at the end", "0\r\n\rX"),
  broken("LF LF at the end", "0\n\n"),
  broken("a request in place of the end", `0\r\n${smuggled}`, 400),
  broken("an empty line before the first size", `\r\n5\r\nhello\r\n${zero}`),
  broken("an empty line between chunks", `5\r\nhello\r\n\r\n${zero}`),
];

const extensions: readonly Case[] = [
  passed("an extension", chunked(`5;a=b\r\nhello\r\n${zero}`)),
  passed("an extension in quotes", chunked(`5;a="b;c"\r\nhello\r\n${zero}`)),
  passed("an extension without a value", chunked(`5;a\r\nhello\r\n0;b\r\n\r\n`)),
  passed("an extension of 255 bytes", chunked(`5;${"a".repeat(255)}\r\nhello\r\n${zero}`)),
  broken("an extension of 257 bytes", `5;${"a".repeat(257)}\r\nhello\r\n${zero}`),
  broken("extensions of 17 KB together", `${`1;${"a".repeat(200)}\r\nx\r\n`.repeat(87)}${zero}`),
  broken("a bare LF in an extension", `5;a\nhello\r\n${zero}`),
  broken("a bare CR in an extension", `5;a\rb\r\nhello\r\n${zero}`),
  broken("a chunk behind a bare LF in an extension", `2;\nxx\r\n4c\r\n${zero}${smuggled}${zero}`),
  broken("a NUL in an extension", `5;a\0\r\nhello\r\n${zero}`),
  broken("a space before an extension", `5 ;a=b\r\nhello\r\n${zero}`),
];

const trailers: readonly Case[] = [
  passed("a trailer", chunked("0\r\nX-Sum: 1\r\n\r\n")),
  passed("two trailers", chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n")),
  ...[
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Host: other.example",
    "Connection: close",
    "TE: x",
    "Upgrade: h2c",
    "Expect: 100-continue",
  ].map((line) => broken(`the trailer ${line}`, `0\r\n${line}\r\n\r\n`)),
  broken("a trailer without a colon", "0\r\nX-Sum\r\n\r\n"),
  broken("a trailer with a space before its colon", "0\r\nX-Sum : 1\r\n\r\n"),
  broken("a folded trailer", "0\r\nX-Sum: 1\r\n 2\r\n\r\n"),
  broken("a trailer with a bare LF", "0\r\nX-Sum: 1\nX-Two: 2\r\n\r\n"),
  broken("a trailer with a bare CR", "0\r\nX-Sum: 1\rX-Two: 2\r\n\r\n"),
  broken("a trailer with a NUL", "0\r\nX-Sum: \0\r\n\r\n"),
  broken("a trailer with a bad name", "0\r\nX(Sum): 1\r\n\r\n"),
  broken("trailers of 17 KB", `0\r\n${`X: ${"a".repeat(1_000)}\r\n`.repeat(17)}\r\n`, 431),
];

export const chunkCases: readonly Case[] = [...sizes, ...ends, ...extensions, ...trailers];
