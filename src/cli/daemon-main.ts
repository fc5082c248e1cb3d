// The daemon's own process, `node daemon-main.ts --state FOLDER`; `homeostat up` becomes it.
import { HomeostatError } from "../kernel/errors.ts";
import { runDaemon } from "./daemon.ts";
import { fail } from "./fail.ts";
import { readLaunch } from "./launch.ts";
import { quieten } from "./warnings.ts";

async function main(): Promise<void> {
  quieten();
  let asJson = false;
  try {
    const [, , option, stateFolder] = process.argv;
    if (option !== "--state" || !stateFolder) {
      throw new HomeostatError("USAGE", "expected --state FOLDER; use `homeostat up`");
    }
    const what = readLaunch(stateFolder);
    asJson = what.json;
    await runDaemon(what);
  } catch (error) {
    fail(error, asJson);
  }
}

await main();
