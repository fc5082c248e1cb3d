// The PROXY protocol, versions 1 and 2, read and written; the specification is HAProxy's proxy-protocol.txt.
import { isIP, isIPv4, isIPv6, SocketAddress } from "node:net";
import type { ProxyVersion } from "../../protocol/gateway-transport.ts";
import { withoutZone } from "../relay/peer.ts";

export interface Origin {
  readonly address: string;
  readonly port: number;
}

/** done: `length` bytes were the header; without `from` the proxy speaks for itself, as in its checks. */
export type ProxyHeader =
  | { readonly kind: "more" }
  | { readonly kind: "bad"; readonly text: string }
  | { readonly kind: "done"; readonly length: number; readonly from: Origin | undefined };

const signature = Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]);
/** Section 2.1: the longest line, with its end. */
const lineMax = 107;
/** Addresses and whatever a proxy adds to them; more is nobody's header. */
const bodyMax = 4_096;
const more: ProxyHeader = { kind: "more" };

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const common = Math.min(bytes.length, signature.length);
  if (signature.compare(bytes, 0, common, 0, common) === 0) {
    return bytes.length < 16 ? more : readBinary(bytes);
  }
  const start = bytes.toString("latin1", 0, Math.min(bytes.length, 6));
  if (!"PROXY ".startsWith(start)) return bad("no PROXY header");
  const end = bytes.indexOf("\r\n");
  if (end < 0) return bytes.length < lineMax ? more : bad("a line without an end");
  if (end + 2 > lineMax) return bad("a line that is too long");
  return readLine(bytes.toString("latin1", 0, end), end + 2);
}

function readLine(line: string, length: number): ProxyHeader {
  const [, protocol, source = "", target = "", from = "", to = "", ...rest] = line.split(" ");
  if (protocol === "UNKNOWN") return { kind: "done", length, from: undefined };
  const fits = protocol === "TCP4" ? isIPv4 : protocol === "TCP6" ? isIPv6 : undefined;
  if (!fits) return bad("a protocol that is none of TCP4, TCP6 and UNKNOWN");
  const isWhole = fits(source) && fits(target) && isPort(from) && isPort(to) && rest.length === 0;
  if (!isWhole) return bad("addresses that are none");
  return { kind: "done", length, from: { address: withoutZone(source), port: Number(from) } };
}

/** Without zeros in front, so that no two texts are one port. */
function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Bytes of an address, of both ends with their ports. */
const sizes: Readonly<Record<number, readonly [number, number]>> = { 1: [4, 12], 2: [16, 36] };

function readBinary(bytes: Buffer): ProxyHeader {
  const [versionAndCommand = 0, familyAndKind = 0] = bytes.subarray(12);
  if (versionAndCommand >> 4 !== 2) return bad("a version other than 2");
  const command = versionAndCommand & 15;
  if (command > 1) return bad("a command other than LOCAL and PROXY");
  const size = bytes.readUInt16BE(14);
  if (size > bodyMax) return bad("a header that is too long");
  const length = 16 + size;
  const family = familyAndKind >> 4;
  if (family > 3 || (familyAndKind & 15) > 2) return bad("a family that is not known");
  const [addressSize, wholeSize] = sizes[family] ?? [0, 0];
  if (command === 1 && size < wholeSize) return bad("addresses that are cut short");
  if (bytes.length < length) return more;
  if (command === 0 || addressSize === 0) return { kind: "done", length, from: undefined };
  const address = addressOf(bytes.subarray(16, 16 + addressSize));
  return {
    kind: "done",
    length,
    from: { address, port: bytes.readUInt16BE(16 + 2 * addressSize) },
  };
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = bytes.toString("hex").match(/.{4}/g)?.join(":") ?? "::";
  return new SocketAddress({ address: groups, family: "ipv6" }).address;
}

function bad(text: string): ProxyHeader {
  return { kind: "bad", text };
}

/** What tells an instance that `from` is connected to `to`; where one of them is not known it says so. */
export function proxyHeader(version: ProxyVersion, from: Origin, to: Origin): Buffer {
  const family = isIP(from.address);
  const isKnown = family !== 0;
  const target =
    isKnown && isIP(to.address) === family ? to.address : family === 4 ? "0.0.0.0" : "::";
  if (version === "v1") {
    const both = `${from.address} ${target} ${from.port} ${to.port}`;
    return Buffer.from(isKnown ? `PROXY TCP${family} ${both}\r\n` : "PROXY UNKNOWN\r\n", "latin1");
  }
  if (!isKnown) return Buffer.concat([signature, Buffer.from([0x20, 0, 0, 0])]);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(to.port, 2);
  const body = Buffer.concat([bytesOf(from.address), bytesOf(target), ports]);
  const head = Buffer.from([0x21, family === 4 ? 0x11 : 0x21, 0, body.length]);
  return Buffer.concat([signature, head, body]);
}

function bytesOf(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  // The one form that has neither capitals nor an IPv4 address at its end.
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = "", right = ""] = plain.split("::");
  const [first, last] = [left, right].map((half) => (half === "" ? [] : half.split(":")));
  const zeros = 8 - (first?.length ?? 0) - (last?.length ?? 0);
  const groups = [...(first ?? []), ...new Array<string>(zeros).fill("0"), ...(last ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}
