// The fields of a request that mean something to the gateway, and the lines that go on untouched.
import { type Known, knownName } from "./names.ts";
import type { Fault, HeadScan } from "./scan.ts";
import { isRequestId, lengthOf, optionsOf } from "./values.ts";

/** Written anew, or not at all. */
const dropped: ReadonlySet<Known> = new Set([
  ...(["hop", "length", "coding", "connection", "expect", "upgrade"] as const),
  ...(["forwarded", "forwardedFor", "forwardedHost", "forwardedProto"] as const),
]);

/** Without them the instance would refuse the message or read another one. */
const notNamed: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding"]);

export class RequestFields {
  host: string | undefined;
  length: number | undefined;
  /** Transfer-Encoding, in lower case. */
  coding: string | undefined;
  expects = false;
  upgrades = false;
  closes = false;
  keepsAlive = false;
  trace: string | undefined;
  requestId: string | undefined;
  forwarded: string | undefined;
  forwardedFor: string | undefined;
  forwardedHost: string | undefined;
  forwardedProto: string | undefined;
  fault: Fault | undefined;
  readonly #scan: HeadScan;
  readonly #text: string;
  readonly #known: (Known | undefined)[] = [];
  /** What the client calls fields of this connection. */
  #named: Set<string> | undefined;
  #upgrade = "";
  #ids = 0;

  /** `text` is the head from `scan.start`. */
  constructor(scan: HeadScan, bytes: Buffer, text: string) {
    this.#scan = scan;
    this.#text = text;
    const { fields, start, count } = scan;
    for (let i = 0; i < count && this.fault === undefined; i += 4) {
      const known = knownName(bytes, fields[i] ?? 0, fields[i + 1] ?? 0);
      if (known === "disguised") {
        this.#refuse("a name with underscores that stands for another field");
        return;
      }
      this.#known.push(known);
      if (known === undefined || known === "hop" || known === "date") continue;
      this.#take(known, text.slice((fields[i + 2] ?? 0) - start, (fields[i + 3] ?? 0) - start));
    }
    this.upgrades &&= this.#upgrade.toLowerCase() === "websocket";
  }

  /** Whether the client says where the request comes from. */
  get claimsOrigin(): boolean {
    const { forwarded, forwardedFor, forwardedHost, forwardedProto } = this;
    return (forwarded ?? forwardedFor ?? forwardedHost ?? forwardedProto) !== undefined;
  }

  /** What goes on as it came, with the request line if that does. */
  kept(withLine: boolean, withTrace: boolean): string {
    const { fields, start, lineEnd, count } = this.#scan;
    const head = this.#text;
    const end = head.length - 2;
    let text = "";
    let from = withLine ? 0 : lineEnd + 2 - start;
    for (let i = 0; i < count; i += 4) {
      if (!this.#isDropped(i, withTrace)) continue;
      const at = (fields[i] ?? 0) - start;
      if (at > from) text += head.slice(from, at);
      from = i + 4 < count ? (fields[i + 4] ?? 0) - start : end;
    }
    return end > from ? text + head.slice(from, end) : text;
  }

  #isDropped(i: number, withTrace: boolean): boolean {
    const known = this.#known[i >> 2];
    if (known === "host") return this.host === undefined;
    if (known === "trace" || known === "traceState") return !withTrace;
    if (known === "requestId") return this.requestId === undefined;
    if (known !== undefined) return dropped.has(known);
    if (this.#named === undefined) return false;
    const { fields, start } = this.#scan;
    const name = this.#text.slice((fields[i] ?? 0) - start, (fields[i + 1] ?? 0) - start);
    return this.#named.has(name.toLowerCase());
  }

  #take(known: Known, value: string): void {
    switch (known) {
      case "host":
        if (this.host !== undefined) return void this.#refuse("two fields Host");
        this.host = value;
        return;
      case "length":
        if (this.length !== undefined) return void this.#refuse("two fields Content-Length");
        this.length = lengthOf(value);
        if (this.length === undefined) this.#refuse("a Content-Length that is no number");
        return;
      case "coding":
        if (this.coding !== undefined) return void this.#refuse("two fields Transfer-Encoding");
        this.coding = value.toLowerCase();
        return;
      case "connection":
        return void this.#takeConnection(value);
      case "expect":
        if (value.toLowerCase() !== "100-continue") {
          this.fault = { status: 417, text: "an expectation that is not known" };
        }
        this.expects = true;
        return;
      case "upgrade":
        this.#upgrade = value;
        return;
      default:
        this.#takeClaim(known, value);
    }
  }

  #takeClaim(known: Known, value: string): void {
    switch (known) {
      case "trace":
        // Two of them are none. Source: W3C Trace Context, section 3.2.
        this.trace = this.trace === undefined ? value : "";
        return;
      case "requestId":
        this.requestId = this.#ids++ === 0 && isRequestId(value) ? value : undefined;
        return;
      case "forwarded":
        this.forwarded = joined(this.forwarded, value);
        return;
      case "forwardedFor":
        this.forwardedFor = joined(this.forwardedFor, value);
        return;
      case "forwardedHost":
        this.forwardedHost = joined(this.forwardedHost, value);
        return;
      case "forwardedProto":
        this.forwardedProto = joined(this.forwardedProto, value);
        return;
      default:
    }
  }

  #takeConnection(value: string): void {
    if (value === "keep-alive" || value === "Keep-Alive") {
      this.keepsAlive = true;
      return;
    }
    for (const option of optionsOf(value)) {
      if (option === "close") this.closes = true;
      else if (option === "keep-alive") this.keepsAlive = true;
      else if (option === "upgrade") this.upgrades = true;
      else if (!notNamed.has(option)) this.#named = (this.#named ?? new Set()).add(option);
    }
  }

  #refuse(text: string): void {
    this.fault = { status: 400, text };
  }
}

function joined(before: string | undefined, value: string): string | undefined {
  if (value === "") return before;
  return before === undefined ? value : `${before}, ${value}`;
}
