// Which addresses belong to a list of networks, such as "10.0.0.0/8", "::1" or "unix".
import { BlockList, isIP } from "node:net";

export interface Networks {
  /** @param address as in `Peer`: "unknown" is a Unix socket. */
  has(address: string): boolean;
}

/** Why this is no network; undefined when it is one. */
export function networkProblem(text: string): string | undefined {
  if (text === "unix") return undefined;
  const [address = "", bits, more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more !== undefined) return "no address";
  if (bits === undefined) return undefined;
  const most = family === 4 ? 32 : 128;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? undefined : `not 0 to ${most} bits`;
}

/** Where no stranger comes from: this machine, private networks, links, and Unix sockets. */
export const ownNetworks: readonly string[] = [
  ...["unix", "127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  ...["169.254.0.0/16", "fc00::/7", "fe80::/10"],
];

/** What is no network has nobody in it. */
export function networksOf(texts: readonly string[]): Networks {
  const list = new BlockList();
  for (const text of texts) {
    if (text === "unix" || networkProblem(text) !== undefined) continue;
    const [address = "", bits] = text.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  const unix = texts.includes("unix");
  return {
    has(address) {
      const family = isIP(address);
      return family === 0 ? unix : list.check(address, family === 6 ? "ipv6" : "ipv4");
    },
  };
}
