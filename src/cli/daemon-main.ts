// The daemon's own process, `node daemon-main.ts --state FOLDER`; `homeostat up` becomes it.
import { keepCompiled } from "./compiled.ts";

/** What it consists of is loaded after it is known where its compiled form is kept. */
async function main(): Promise<void> {
  const [, , option, stateFolder = ""] = process.argv;
  if (option === "--state") keepCompiled(stateFolder);
  const [{ HomeostatError }, { fail }, { quieten }] = await Promise.all([
    import("../kernel/errors.ts"),
    import("./fail.ts"),
    import("./warnings.ts"),
  ]);
  quieten();
  let asJson = false;
  try {
    if (option !== "--state" || stateFolder === "") {
      throw new HomeostatError("USAGE", "expected --state FOLDER; use `homeostat up`");
    }
    const [{ runDaemon }, { readLaunch }] = await Promise.all([
      import("./daemon.ts"),
      import("./launch.ts"),
    ]);
    const what = readLaunch(stateFolder);
    asJson = what.json;
    await runDaemon(what);
  } catch (error) {
    fail(error, asJson);
  }
}

await main();
