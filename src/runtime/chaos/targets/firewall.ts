// A blocked address as a target: packets to it are dropped by a rule that is ours and no other.
import { variable } from "../../../kernel/environment.ts";
import { HomeostatError, messageOf } from "../../../kernel/errors.ts";
import { type Random, systemRandom } from "../../../kernel/random.ts";
import { anything, called, checkOptions, count, named, oneOf } from "../../../policies/options.ts";
import { endInWords, type Ran, runCommand } from "../../parts/command.ts";
import type { Json } from "../journal.ts";
import type { Target } from "../target.ts";
import { type Block, type Call, firewalls, isGone, type Tool } from "./firewall-rules.ts";
import { type Timing, timingRules } from "./timing.ts";

export interface FirewallOptions extends Timing {
  /** A name is looked up each time it is blocked, all its addresses; default any address. */
  readonly host?: string;
  readonly port: number;
  readonly protocol?: "tcp" | "udp";
  /** Default nft, or iptables where there is no nft. */
  readonly tool?: Tool;
  /** A network namespace by the name that `ip netns` has for it; default the own one. */
  readonly netns?: string;
  readonly random?: Random;
  /** Runs a program; for tests. */
  readonly run?: (call: Call, signal: AbortSignal) => Promise<Ran>;
}

/**
 * Drops what this machine sends to a port, of connections that are open too, so that whoever waits
 * for an answer waits until its own timeout. Needs root or CAP_NET_ADMIN, and nft or iptables.
 *
 * The rule carries a name of its own that is in the journal before it is set: what is removed is it
 * and nothing else, and that it is gone already is no error. A restart of the machine removes it too.
 */
export function firewallBlock(options: FirewallOptions): Target {
  checkOptions<FirewallOptions>("firewallBlock", options, rules);
  const { host, port, protocol = "tcp", tool, netns, ...more } = options;
  const { random = systemRandom, run = call, ...timing } = more;
  const act = async (all: readonly Call[], signal: AbortSignal): Promise<void> => {
    for (const one of all) {
      const ran = await run(one, signal);
      if (!ran.ok) throw failed(one, endInWords(ran));
    }
  };
  return {
    ...timing,
    disrupt: async (signal, save) => {
      const found = await usable(tool ? [tool] : ["nft", "iptables"], netns, run, signal);
      const id = Math.floor(random() * 0xffff_ffff)
        .toString(16)
        .padStart(8, "0");
      const block: Block = {
        ...{ tool: found, id, port, protocol, addresses: await addressesOf(host) },
        ...(netns !== undefined && { netns }),
      };
      save({ ...block } as Json);
      signal.throwIfAborted();
      await act(firewalls[found].set(block), signal);
    },
    recover: async (saved, { signal }) => {
      if (saved === undefined) return;
      const block = saved as unknown as Block;
      for (const { look, remove } of firewalls[block.tool].removals(block)) {
        const seen = await run(look, signal);
        if (seen.ok) await act([remove], signal);
        else if (!isGone(seen)) throw failed(look, endInWords(seen));
      }
    },
  };
}

/** Asked before anything is saved: who may not look may not undo either. */
async function usable(
  tools: readonly Tool[],
  netns: string | undefined,
  run: NonNullable<FirewallOptions["run"]>,
  signal: AbortSignal,
): Promise<Tool> {
  const reasons: string[] = [];
  for (const tool of tools) {
    try {
      const ran = await run(firewalls[tool].probe(netns), signal);
      if (ran.ok) return tool;
      reasons.push(endInWords(ran));
    } catch (error) {
      if (signal.aborted) throw error;
      reasons.push(messageOf(error));
    }
  }
  const needs = reasons.some((reason) => /permitted|permission|must be root/i.test(reason))
    ? "blocking a port needs root or CAP_NET_ADMIN"
    : "blocking a port needs nft or iptables";
  throw new HomeostatError("FORBIDDEN", `${needs}: ${reasons.join("; ")}`);
}

async function addressesOf(host: string | undefined): Promise<Block["addresses"]> {
  if (host === undefined) return [];
  const { lookup } = await import("node:dns/promises");
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))].slice(0, addressesMax);
}

function call({ file, args, stdin }: Call, signal: AbortSignal): Promise<Ran> {
  const input = stdin === undefined ? {} : { stdin };
  // A service's PATH often lacks the folders of the system's own programs.
  const env = { PATH: `${variable("PATH") ?? "/usr/bin:/bin"}:/usr/sbin:/sbin` };
  return runCommand(file, args, { limitMs: runMs, signal, maxOutput: 8_192, env, ...input });
}

function failed({ file, args }: Call, how: string): HomeostatError {
  return new HomeostatError("ACTION_FAILED", `${[file, ...args].join(" ")} ${how}`);
}

const runMs = 5_000;
const addressesMax = 32;

const rules = {
  ...timingRules,
  host: named,
  port: count(1, 65_535),
  protocol: oneOf("tcp", "udp"),
  tool: oneOf("nft", "iptables"),
  netns: (value: unknown) =>
    typeof value === "string" && /^[\w.][\w.-]{0,100}$/.test(value)
      ? undefined
      : "the name of a namespace",
  random: called,
  run: anything,
};
