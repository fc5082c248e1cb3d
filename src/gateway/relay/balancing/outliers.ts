// Leaves out for a while which instance answers badly, by itself or beside its peers.
import { Host, outliersOf } from "../../../policies/strategies/host.ts";
import type { OutlierBlock } from "../../../protocol/gateway-balancing.ts";
import type { Ending, EndingKind } from "../exchange.ts";
import type { Instance, Judge } from "../instance.ts";

/** Says nothing about the instance: the client's doing, a tunnel, or the race for an idle connection. */
const silent: ReadonlySet<EndingKind> = new Set(["gone", "faulty", "handedOver", "stale"]);
/** Instances may fail hundreds of requests a moment: the rates need a gap that is worth something. */
const minimumGap = 0.05;

/**
 * Bad are answers of 5xx, late, broken and garbled ones, and connections that fail. An instance is left
 * out after so many in a row, or with a success rate below mean - factor × standard deviation of all.
 * Never so many that more than the share is out, whatever put them there; and results of an instance
 * that is out do not count. Source of the rules: Envoy, "Outlier detection". It has no timer:
 * comparisons happen with the next ending.
 */
export class Outliers implements Judge {
  rules: OutlierBlock;
  readonly #upstreams: () => readonly Instance[];
  readonly #hosts: Map<Instance, Host> = new Map();
  #compareAtMs: number;

  constructor(rules: OutlierBlock, upstreams: () => readonly Instance[], nowMs: number) {
    this.rules = rules;
    this.#upstreams = upstreams;
    this.#compareAtMs = nowMs + rules.intervalMs;
  }

  /** Forgets who has left. */
  prune(): void {
    const upstreams = this.#upstreams();
    for (const up of this.#hosts.keys()) if (!upstreams.includes(up)) this.#hosts.delete(up);
  }

  heard(up: Instance, { kind, tally }: Ending): void {
    if (silent.has(kind)) return;
    const nowMs = up.clock.now();
    const isBad = kind !== "answered" || tally.failed;
    this.#count(up, isBad, nowMs);
    if (nowMs >= this.#compareAtMs) this.#compare(nowMs);
  }

  #count(up: Instance, isBad: boolean, nowMs: number): void {
    const host = this.#hostOf(up);
    if (host.outUntil > nowMs) return;
    const { stint } = host;
    stint.total++;
    if (isBad) stint.failures++;
    stint.inARow = isBad ? stint.inARow + 1 : 0;
    const { failures } = this.rules;
    if (failures > 0 && stint.inARow >= failures) this.#eject(up, host, nowMs);
  }

  #hostOf(up: Instance): Host {
    const known = this.#hosts.get(up);
    if (known) return known;
    const host = new Host(up.instance);
    host.backAt = up.clock.now();
    this.#hosts.set(up, host);
    return host;
  }

  #compare(nowMs: number): void {
    const { successRate, intervalMs } = this.rules;
    this.#compareAtMs = nowMs + intervalMs;
    for (const host of this.#hosts.values()) if (host.outUntil <= nowMs) host.outUntil = 0;
    const outliers = successRate
      ? outliersOf(this.#hosts.values(), {
          factor: successRate.factor,
          ...{ minimumHosts: successRate.instances, minimumCalls: successRate.requests },
          minimumGap,
        })
      : [];
    for (const [up, host] of this.#hosts) {
      if (outliers.includes(host)) this.#eject(up, host, nowMs);
      host.stint.total = 0;
      host.stint.failures = 0;
    }
  }

  #eject(up: Instance, host: Host, nowMs: number): void {
    if (!this.#mayEject(up, nowMs)) return;
    const { intervalMs, firstMs, maxMs } = this.rules;
    const forgiven = Math.floor((nowMs - host.backAt) / intervalMs);
    // More would not make it longer, but take longer to be forgiven.
    const most = Math.ceil(maxMs / firstMs);
    host.ejections = Math.min(Math.max(0, host.ejections - forgiven) + 1, most);
    const untilMs = nowMs + Math.min(host.ejections * firstMs, maxMs);
    host.leaveOut(untilMs, up.instance);
    host.backAt = untilMs;
    up.eject(untilMs);
  }

  /** Who drains or hangs is out already, and the daemon's to judge. */
  #mayEject(up: Instance, nowMs: number): boolean {
    if (!up.isOpen) return false;
    let open = 0;
    let out = 1;
    for (const one of this.#upstreams()) {
      if (!one.isOpen) continue;
      open++;
      if (one !== up && one.isEjected(nowMs)) out++;
    }
    // A share such as 0.07 times a whole number may lie a hair below the whole number meant.
    return out < open && out <= this.rules.maxShare * open + 1e-9;
  }
}
