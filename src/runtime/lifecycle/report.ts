// Node's diagnostic report of this process without what must not be in a file: secrets.
import { join } from "node:path";
import { builtin } from "../../kernel/builtin.ts";
import { redact } from "../../kernel/redact.ts";

interface Report {
  header?: { commandLine?: string[] };
  environmentVariables?: unknown;
  workers?: Report[];
}

/**
 * The report as an object. Node's own switch leaves the environment out of the main thread's part
 * only (measured on Node 22 and 24), so it is taken out of the workers' parts here; command lines
 * are masked; host names are not looked up, which may block for a minute.
 */
export function discreetReport(): object {
  const settings: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const { excludeEnv, excludeNetwork } = settings;
  settings.excludeEnv = true;
  settings.excludeNetwork = true;
  try {
    return withoutSecrets(settings.getReport());
  } finally {
    settings.excludeEnv = excludeEnv;
    settings.excludeNetwork = excludeNetwork ?? false;
  }
}

let written = 0;

/** Writes the report, by default to the folder that Node was told to use, else the working one; its path. */
export function writeDiscreetReport(
  folder: string = process.report.directory || process.cwd(),
): string {
  written += 1;
  const path = join(folder, `report.${process.pid}.${written}.json`);
  const text = JSON.stringify(discreetReport(), undefined, 2);
  builtin("node:fs").writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function withoutSecrets(report: Report): Report {
  delete report.environmentVariables;
  if (report.header?.commandLine !== undefined) {
    report.header.commandLine = redact(report.header.commandLine.join(" ")).split(" ");
  }
  for (const worker of report.workers ?? []) withoutSecrets(worker);
  return report;
}
