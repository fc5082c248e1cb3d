// What the machine and the control group of this process use: files of /proc and /sys that stay open.
import type { HostFigures } from "../model/host.ts";
import { type HeldFile, heldFile } from "./held-file.ts";
import { type GroupReader, groupReader } from "./linux-host-group.ts";
import { readMachine } from "./procfs.ts";

export interface HostReader {
  read(): HostFigures;
  close(): void;
}

/** `proc` and the texts about groups are those of this process, unless a test has others. */
export function hostReader(
  options: { readonly proc?: string; readonly own?: string; readonly mounts?: string } = {},
): HostReader {
  const { proc = "/proc" } = options;
  const open = (name: string): HeldFile => heldFile(`${proc}/${name}`);
  const files = {
    stat: open("stat"),
    memory: open("meminfo"),
    fds: open("sys/fs/file-nr"),
    network: open("net/dev"),
  };
  const pressures = (["cpu", "memory", "io"] as const).map((resource) => ({
    resource,
    file: open(`pressure/${resource}`),
  }));
  const texts = {
    own: heldFile(`${proc}/self/cgroup`),
    mounts: heldFile(`${proc}/self/mountinfo`),
  };
  const group: GroupReader = groupReader(
    options.own ?? texts.own.text() ?? "",
    options.mounts ?? texts.mounts.text() ?? "",
  );
  texts.own.close();
  texts.mounts.close();
  return {
    read: () => ({
      ...cpuOf(files.stat.text()),
      ...memoryOf(files.memory.text()),
      pressure: pressures.flatMap(({ resource, file }) => pressureOf(resource, file.text())),
      ...fdsOf(files.fds.text()),
      ...networkOf(files.network.text()),
      ...group.read(),
    }),
    close: () => {
      for (const file of Object.values(files)) file.close();
      for (const { file } of pressures) file.close();
      group.close();
    },
  };
}

/** user nice system idle iowait irq softirq steal, in ticks; guests are counted in user. */
function cpuOf(text: string | undefined): Pick<HostFigures, "cpu"> {
  const [, line] = /^cpu +([\d ]+)/.exec(text ?? "") ?? [];
  if (line === undefined) return {};
  const tickMs = 1_000 / readMachine().ticksPerSecond;
  const times = line
    .split(" ")
    .slice(0, 8)
    .map((ticks) => Number(ticks) * tickMs);
  const [, , , idle = 0, ioWaitMs = 0, , , stealMs = 0] = times;
  const allMs = times.reduce((sum, it) => sum + it, 0);
  return { cpu: { allMs, busyMs: allMs - idle - ioWaitMs, ioWaitMs, stealMs } };
}

function memoryOf(text: string | undefined): Pick<HostFigures, "memory"> {
  const field = (name: string): number | undefined => {
    const [, kib] = new RegExp(`^${name}: +(\\d+) kB`, "m").exec(text ?? "") ?? [];
    return kib === undefined ? undefined : Number(kib) * 1_024;
  };
  const [totalBytes, availableBytes] = [field("MemTotal"), field("MemAvailable")];
  if (!totalBytes || availableBytes === undefined) return {};
  const [swapBytes, swapFreeBytes] = [field("SwapTotal") ?? 0, field("SwapFree") ?? 0];
  return { memory: { totalBytes, availableBytes, swapBytes, swapFreeBytes } };
}

/** "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345", microseconds. For a whole CPU "full" means nothing. */
function pressureOf(
  resource: HostFigures["pressure"][number]["resource"],
  text: string | undefined,
): HostFigures["pressure"] {
  const kinds = resource === "cpu" ? (["some"] as const) : (["some", "full"] as const);
  return kinds.flatMap((kind) => {
    const [, total] = new RegExp(`^${kind} .*total=(\\d+)`, "m").exec(text ?? "") ?? [];
    return total === undefined ? [] : [{ resource, kind, waitedMs: Number(total) / 1_000 }];
  });
}

/** Open, unused (always 0), the most; a most beyond counting is none. */
function fdsOf(text: string | undefined): Pick<HostFigures, "fds"> {
  const [open, , most = Number.NaN] = (text ?? "").trim().split(/\s+/).map(Number);
  if (text === undefined || open === undefined || Number.isNaN(open)) return {};
  return { fds: Number.isSafeInteger(most) ? { open, most } : { open } };
}

/** Eight figures of what was received, eight of what was sent: bytes, packets, errors, dropped … */
function networkOf(text: string | undefined): Pick<HostFigures, "network"> {
  if (text === undefined) return {};
  const sum = { receivedBytes: 0, sentBytes: 0, errors: 0 };
  for (const [, name, rest = ""] of text.matchAll(/^ *([^\s:]+): *([\d ]+)$/gm)) {
    if (name === "lo") continue;
    const at = rest.trim().split(/ +/).map(Number);
    sum.receivedBytes += at[0] ?? 0;
    sum.sentBytes += at[8] ?? 0;
    sum.errors += (at[2] ?? 0) + (at[3] ?? 0) + (at[10] ?? 0) + (at[11] ?? 0);
  }
  return { network: sum };
}
