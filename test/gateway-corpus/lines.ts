// Request lines: methods, targets, versions and what stands between them.
import { type Case, controls, get, hex, passed, refused, smuggled } from "./case.ts";

const line = (text: string): string => `${text}\r\nHost: shop.example\r\n\r\n`;

const methods: readonly Case[] = [
  ...["get", "Get", "GeT", "G3T", "M.SEARCH", "GET~", "G|ET"].map((method) =>
    refused(`method ${method}, which no registry has`, line(`${method} / HTTP/1.1`), 501),
  ),
  ...["G(T", "G[T", "G{T", "G@T", "G,T", "G;T", "G:T", "G\\T", 'G"T', "G=T", "G?T", "G/T"].map(
    (m) => refused(`method ${m}, which is no token`, line(`${m} / HTTP/1.1`)),
  ),
  refused("a method of 33 letters", line(`${"A".repeat(33)} / HTTP/1.1`), 501),
  passed("a method that few know", line("PURGE /corpus HTTP/1.1")),
  passed("a method with a dash", line("M-SEARCH /corpus HTTP/1.1")),
  refused("CONNECT with an authority", line("CONNECT shop.example:443 HTTP/1.1"), 501),
  refused("CONNECT with a path", line("CONNECT /corpus HTTP/1.1"), 501),
  refused("no method", line(" / HTTP/1.1")),
  refused("a tab before the method", line("\tGET / HTTP/1.1")),
];

const targets: readonly Case[] = [
  ...controls.map((byte) =>
    refused(
      `the byte ${hex(byte)} in a target`,
      line(`GET /a${String.fromCharCode(byte)}b HTTP/1.1`),
    ),
  ),
  refused("a tab in a target", line("GET /a\tb HTTP/1.1")),
  refused("a byte above ASCII in a target", line("GET /\xe4 HTTP/1.1")),
  refused("UTF-8 in a target", line("GET /\xc3\xa4 HTTP/1.1")),
  refused("a fragment in a target", line("GET /a#b HTTP/1.1")),
  refused("a target that is a word", line("GET corpus HTTP/1.1")),
  refused("a target that is a host", line("GET shop.example HTTP/1.1")),
  refused("a target that is a host with a port", line("GET shop.example:80 HTTP/1.1")),
  refused("a query without a path", line("GET ?a=b HTTP/1.1")),
  refused("an asterisk with GET", line("GET * HTTP/1.1")),
  passed("an asterisk with OPTIONS", line("OPTIONS * HTTP/1.1")),
  refused("an asterisk and more", line("OPTIONS *x HTTP/1.1")),
  passed("an absolute target", line("GET http://shop.example/corpus HTTP/1.1")),
  passed("an absolute target in capitals", line("GET HTTP://SHOP.example/corpus HTTP/1.1")),
  passed("an absolute target without a path", line("GET http://shop.example HTTP/1.1")),
  passed("an absolute target of https", line("GET https://shop.example/corpus HTTP/1.1")),
  passed("an absolute target for another host", line("GET http://other.example/ HTTP/1.1")),
  refused("an absolute target with a user", line("GET http://a:b@shop.example/ HTTP/1.1")),
  refused("an absolute target without a host", line("GET http:///corpus HTTP/1.1")),
  refused("an absolute target of ftp", line("GET ftp://shop.example/ HTTP/1.1")),
  refused("an absolute target of file", line("GET file:///etc/passwd HTTP/1.1")),
  refused("a scheme without slashes", line("GET http:shop.example HTTP/1.1")),
  passed("two slashes", line("GET //corpus HTTP/1.1")),
  passed("dots that climb", line("GET /../../corpus HTTP/1.1")),
  passed("an escaped NUL", line("GET /%00 HTTP/1.1")),
  passed("an escape that is none", line("GET /%zz HTTP/1.1")),
  passed("escaped CR and LF", line("GET /%0d%0aX:%20y HTTP/1.1")),
  passed("brackets and bars, as browsers send them", line('GET /?a={b}|[c]^`"<> HTTP/1.1')),
  passed("a backslash", line("GET /a\\b HTTP/1.1")),
  passed("a target of 16 KB", line(`GET /${"a".repeat(16 * 1024 - 1)} HTTP/1.1`)),
  refused("a target of 16 KB and 1", line(`GET /${"a".repeat(16 * 1024)} HTTP/1.1`), 414),
  refused("a target of 40 KB", line(`GET /${"a".repeat(40 * 1024)} HTTP/1.1`), 414),
];

const versions: readonly Case[] = [
  ...["HTTP/2.0", "HTTP/3.0", "HTTP/0.9", "HTTP/9.9", "HTTP/0.0"].map((version) =>
    refused(`version ${version}`, line(`GET / ${version}`), 505),
  ),
  ...["HTTP/1.10", "HTTP/01.1", "HTTP/1", "HTTP/1.", "HTTP/.1", "HTTP/1.x", "HTTP/1,1"].map((v) =>
    refused(`version ${v}`, line(`GET / ${v}`)),
  ),
  ...["http/1.1", "Http/1.1", "HTTPS/1.1", "XTTP/1.1", "HTTP1.1", "HTTP /1.1", "1.1"].map((v) =>
    refused(`version ${v}`, line(`GET / ${v}`)),
  ),
  passed("version HTTP/1.2, which 1.1 can answer", line("GET /corpus HTTP/1.2")),
  passed("version HTTP/1.0", line("GET /corpus HTTP/1.0")),
  passed("version HTTP/1.0 without a host", "GET /corpus HTTP/1.0\r\n\r\n"),
  refused("a request of HTTP/0.9 with an empty line", "GET /corpus\r\n\r\n"),
  refused("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
  refused("the beginning of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
];

const spaces: readonly Case[] = [
  refused("two spaces after the method", line("GET  / HTTP/1.1")),
  refused("two spaces before the version", line("GET /  HTTP/1.1")),
  refused("a space after the version", line("GET / HTTP/1.1 ")),
  refused("a tab after the method", line("GET\t/ HTTP/1.1")),
  refused("a tab before the version", line("GET /\tHTTP/1.1")),
  refused("a vertical tab after the method", line("GET\x0b/ HTTP/1.1")),
  refused("a form feed before the version", line("GET /\x0cHTTP/1.1")),
  refused("a space inside the target", line("GET /a b HTTP/1.1")),
  refused("two versions", line("GET / HTTP/1.1 HTTP/1.1")),
  refused("a version hidden behind another", line("GET /smuggled HTTP/1.1 /x HTTP/1.1")),
  passed("one empty line before the request", `\r\n${get()}`),
  refused("two empty lines before the request", `\r\n\r\n${get()}`),
  refused("a bare LF before the request", `\n${get()}`),
  refused("a bare CR before the request", `\r${get()}`),
  refused("a space before the request", ` ${get()}`),
  refused("a request line that ends in a bare LF", "GET / HTTP/1.1\nHost: shop.example\r\n\r\n"),
  refused("a request line that ends in a bare CR", "GET / HTTP/1.1\rHost: shop.example\r\n\r\n"),
  refused("a request line that ends in CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
  refused("a request line that ends in LF CR", "GET / HTTP/1.1\n\rHost: a\r\n\r\n"),
  refused("a NUL before the version ends", line("GET / HTTP/1.1\0")),
  refused("NUL bytes alone", "\0".repeat(16)),
  refused("a request in the body of none", `${line(" ")}${smuggled}`),
  refused("a byte order mark", `\xef\xbb\xbf${get()}`, 400),
];

export const lineCases: readonly Case[] = [...methods, ...targets, ...versions, ...spaces];
