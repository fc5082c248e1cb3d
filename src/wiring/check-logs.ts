// What the settings of logs say together: bounds that contradict, places that are not there.
import { isAbsolute, join } from "node:path";
import { kindOf } from "./files.ts";
import { logBytesOf } from "./forms.ts";
import type { Finding } from "./problem.ts";
import { type Raw, record } from "./raw.ts";
import { type At, quote } from "./words.ts";

/** Of all services, and of each. */
export function checkLogs(root: Raw, folder: string): readonly Finding[] {
  const all = record(root.logs);
  const services = Object.entries(record(root.services));
  return [
    ...checkSizes(all, {}, ["logs"]),
    ...services.flatMap(([name, service]) =>
      checkSizes(record(record(service).logs), all, ["services", name, "logs"]),
    ),
    ...checkForwards(all.forward, folder),
  ];
}

/** An archive is smaller than what it was made of, but not always. */
function checkSizes(own: Raw, outer: Raw, at: At): readonly Finding[] {
  if (own.total === undefined && own.size === undefined) return [];
  const { size, total } = { ...outer, ...own };
  const sizeBytes = amountOf(size) ?? 50_000_000;
  const totalBytes = amountOf(total) ?? 1_000_000_000;
  if (sizeBytes <= totalBytes) return [];
  const [low, high] = [quote(String(size ?? "50MB")), quote(String(total ?? "1GB"))];
  return own.total === undefined
    ? [{ at: [...at, "size"], expected: `at most total, ${high}`, got: low }]
    : [{ at: [...at, "total"], expected: `at least size, ${low}`, got: high }];
}

function amountOf(value: unknown): number | undefined {
  return typeof value === "string" ? logBytesOf(value) : undefined;
}

function checkForwards(forward: unknown, folder: string): readonly Finding[] {
  if (!Array.isArray(forward)) return [];
  return forward.flatMap((value: unknown, i): readonly Finding[] => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    const at = ["logs", "forward", i];
    const { syslog, stdout, ca } = record(value);
    const findings: Finding[] = [];
    if ((syslog === undefined) === (stdout === undefined)) {
      const got = syslog === undefined ? "none of them" : "both";
      findings.push({ at, expected: "one of syslog and stdout", got });
    }
    if (typeof ca !== "string" || ca === "") return findings;
    if (typeof syslog !== "string" || !syslog.startsWith("tls:")) {
      const expected = "a syslog that begins with tls:// beside it";
      findings.push({ at: [...at, "ca"], expected, got: quote(ca) });
    } else if (kindOf(isAbsolute(ca) ? ca : join(folder, ca)) !== "file") {
      findings.push({ at: [...at, "ca"], expected: "a file that exists", got: quote(ca) });
    }
    return findings;
  });
}
