// From the command that read the config to the daemon that runs by it.
import { become, canBecome, type Launch, readLaunch, writeLaunch } from "./launch.ts";

/**
 * Becomes the daemon: same process, same terminal, new program. Returns when it has ended, and only
 * where Node cannot replace a process (before 22.15).
 *
 * @throws JOURNAL_UNUSABLE
 */
export async function launch(what: Omit<Launch, "command">): Promise<void> {
  const written = writeLaunch(what);
  if (canBecome()) become(written);
  const { runDaemon } = await import("./daemon.ts");
  await runDaemon(readLaunch(what.stateFolder));
}
