// The services of a config as the supervisor wants them.

import { type Powers, readPowers } from "../platforms/powers.ts";
import { linkEnvironment } from "../protocol/link.ts";
import type { ServiceSpec } from "../supervisor/spec.ts";
import type { Variables } from "./dotenv.ts";
import { type Ears, probeOf, probesOf } from "./probes.ts";
import { launchOf } from "./process.ts";
import type { Resolved } from "./resolve.ts";
import { heldPort } from "./resolve-downtime.ts";

/**
 * Lets a blocked Node process be asked for its stack: the inspector opens on a free port, and its
 * address is not written into the service's log.
 */
const inspectable = "--inspect-port=127.0.0.1:0 --inspect-publish-uid=http";

export function specsOf(
  resolved: Resolved,
  env: Readonly<Record<string, string>>,
  hearing: Ears,
): readonly ServiceSpec[] {
  const { folder } = resolved;
  let known: Powers | undefined;
  const powers = (): Powers => {
    known ??= readPowers(env.PATH ?? "");
    return known;
  };
  return Object.values(resolved.services).flatMap((service) => {
    const policy = resolved.policy.services[service.name];
    if (!policy) return [];
    const asked = { ...service, replicas: policy.replicas };
    const probe = probeOf(asked, hearing);
    const probes = probesOf(asked, hearing);
    const { restart } = policy;
    const port = heldPort(service, policy.replicas);
    const complete = (variables: Variables): Variables => {
      const options = [variables.NODE_OPTIONS, inspectable].filter((text) => text !== undefined);
      return {
        ...variables,
        NODE_OPTIONS: options.join(" "),
        [linkEnvironment.stopMs]: String(service.stop.waitMs),
      };
    };
    const spec: ServiceSpec = {
      name: service.name,
      replicas: policy.replicas,
      command: service.command,
      cwd: service.cwd,
      env: complete({ ...env, ...service.env }),
      launch: launchOf(service, {
        ...{ folder, env, powers, complete },
        replicas: () => spec.replicas,
      }),
      wantsPort: service.port !== undefined || (probe ?? probes) !== undefined,
      ...(service.sockets ? { sockets: service.sockets } : {}),
      ...(port === undefined ? {} : { port }),
      dependsOn: policy.dependsOn,
      ...(service.conditions ? { conditions: service.conditions } : {}),
      ...(service.job ? { job: service.job } : {}),
      ...(probe && service.probe
        ? {
            probe: {
              probe,
              periodMs: service.probe.periodMs,
              timeoutMs: service.probe.timeoutMs,
              ...(policy.probe ? { failures: policy.probe.failures } : {}),
            },
          }
        : {}),
      ...(probes ? { probes } : {}),
      stop: service.stop,
      isExpectedExit: (code) =>
        restart.when !== "always" && code !== null && restart.expectedExits.includes(code),
      startupMs: policy.startupMs,
    };
    return [spec];
  });
}
