// The commands that set, find and remove the rules of one block, for nft and for iptables.
import { builtin } from "../../../kernel/builtin.ts";
import type { Ran } from "../../parts/command.ts";

export type Tool = "nft" | "iptables";

/** All it takes to remove it: saved before it is set. */
export interface Block {
  readonly tool: Tool;
  /** 8 hexadecimal digits that no other rule has. */
  readonly id: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** None: any address. */
  readonly addresses: readonly string[];
  readonly netns?: string;
}

export interface Call {
  readonly file: string;
  readonly args: readonly string[];
  readonly stdin?: string;
}

/** `remove` only when `look` finds it. */
export interface Removal {
  readonly look: Call;
  readonly remove: Call;
}

export interface Firewall {
  /** Changes nothing, and fails for who may not change anything. */
  probe(netns?: string): Call;
  set(block: Block): readonly Call[];
  removals(block: Block): readonly Removal[];
}

/**
 * A table of its own for each block: set in one transaction, and removed with all that is in it
 * without a look at anything else.
 */
const nft: Firewall = {
  probe: (netns) => within(netns, "nft", ["list", "tables"]),
  set: (block) => {
    const { protocol, port, addresses } = block;
    const to = addresses.map(
      (one) => `${builtin("node:net").isIPv6(one) ? "ip6" : "ip"} daddr ${one} `,
    );
    const drops = (to.length > 0 ? to : [""]).map(
      (where) => `    ${where}${protocol} dport ${port} drop comment "${nameOf(block)}"`,
    );
    const stdin = [
      `table inet ${nameOf(block)} {`,
      "  chain out {",
      "    type filter hook output priority 0; policy accept;",
      ...drops,
      "  }",
      "}\n",
    ].join("\n");
    return [{ ...within(block.netns, "nft", ["-f", "-"]), stdin }];
  },
  removals: (block) => [
    {
      look: within(block.netns, "nft", ["list", "table", "inet", nameOf(block)]),
      remove: within(block.netns, "nft", ["delete", "table", "inet", nameOf(block)]),
    },
  ],
};

const iptables: Firewall = {
  probe: (netns) => within(netns, "iptables", ["-w", "5", "-n", "-L", "OUTPUT"]),
  set: (block) => rulesOf(block).map((rule) => rule("-I")),
  removals: (block) => rulesOf(block).map((rule) => ({ look: rule("-C"), remove: rule("-D") })),
};

export const firewalls: Readonly<Record<Tool, Firewall>> = { nft, iptables };

/** It was never set, or is removed already; so is one whose whole namespace is gone. */
export function isGone({ stdout, stderr }: Ran): boolean {
  const said = `${stdout}${stderr}`;
  return (
    /does a matching rule exist|Cannot open network namespace/.test(said) ||
    (/No such file or directory/.test(said) && /table inet/.test(said))
  );
}

/** The comment makes each rule one that nobody else has: what is deleted is what was inserted. */
function rulesOf(block: Block): readonly ((verb: string) => Call)[] {
  const { addresses, protocol, port, netns } = block;
  const rule = (program: string, where: readonly string[]) => (verb: string) => {
    const what = ["-p", protocol, ...where, "--dport", String(port)];
    const mark = ["-m", "comment", "--comment", nameOf(block), "-j", "DROP"];
    return within(netns, program, ["-w", "5", verb, "OUTPUT", ...what, ...mark]);
  };
  if (addresses.length === 0) return [rule("iptables", []), rule("ip6tables", [])];
  return addresses.map((one) =>
    rule(builtin("node:net").isIPv6(one) ? "ip6tables" : "iptables", ["-d", one]),
  );
}

function nameOf({ id }: Block): string {
  return `homeostat_${id}`;
}

function within(netns: string | undefined, file: string, args: readonly string[]): Call {
  if (netns === undefined) return { file, args };
  return { file: "ip", args: ["netns", "exec", netns, file, ...args] };
}
