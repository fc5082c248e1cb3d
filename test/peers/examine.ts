// One process: plays all scenarios on the library that is named, and prints their verdicts as JSON.
import type { Verdict } from "./library.ts";
import { judge, libraries, scenarios } from "./scenarios.ts";

const library = libraries.find(({ name }) => name === process.argv[2]);
if (!library) throw new Error(`no library is called ${process.argv[2]}`);

let unhandled = 0;
process.on("unhandledRejection", () => {
  unhandled += 1;
});

const verdicts: Verdict[] = [];
for (const scenario of scenarios) verdicts.push(await judge(scenario, library));
console.log(JSON.stringify({ verdicts, unhandled }));
// What a library left behind keeps no one waiting.
process.exit();
