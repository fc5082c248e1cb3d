// Where other parts of the package lie: the same steps away from these sources as from their build, where this stands in shared/.
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);

/** The command line. */
export const mainEntry: string = join(dirname(here), "../cli", `main${extname(here)}`);

/** The program of the daemon, which `homeostat up` becomes. */
export const daemonEntry: string = join(dirname(here), "../cli", `daemon-main${extname(here)}`);

/** The program of the gateway, which runs as a process of its own. */
export const gatewayEntry: string = join(dirname(here), "../gateway", `main${extname(here)}`);

/** The program that starts the services, likewise. */
export const spawnerEntry: string = join(
  dirname(here),
  "../platforms/spawner",
  `main${extname(here)}`,
);

/** The built page. */
export const dashboardFolder: string = join(dirname(here), "../../dashboard/dist");
