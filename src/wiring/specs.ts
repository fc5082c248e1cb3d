// The services of a config as the supervisor wants them.
import { linkEnvironment } from "../protocol/link.ts";
import type { ServiceSpec } from "../supervisor/spec.ts";
import { probeOf } from "./kinds.ts";
import type { Resolved } from "./resolve.ts";

/**
 * Lets a blocked Node process be asked for its stack: the inspector opens on a free port, and its
 * address is not written into the service's log.
 */
const inspectable = "--inspect-port=127.0.0.1:0 --inspect-publish-uid=http";

export function specsOf(
  resolved: Resolved,
  env: Readonly<Record<string, string>>,
): readonly ServiceSpec[] {
  return Object.values(resolved.services).flatMap((service) => {
    const policy = resolved.policy.services[service.name];
    if (!policy) return [];
    const probe = probeOf(service);
    const { restart } = policy;
    const merged = { ...env, ...service.env };
    const options = [merged.NODE_OPTIONS, inspectable].filter((text) => text !== undefined);
    const spec: ServiceSpec = {
      name: service.name,
      replicas: policy.replicas,
      command: service.command,
      cwd: service.cwd,
      env: {
        ...merged,
        NODE_OPTIONS: options.join(" "),
        [linkEnvironment.stopMs]: String(service.stop.waitMs),
      },
      wantsPort: service.port !== undefined || probe !== undefined,
      dependsOn: policy.dependsOn,
      ...(probe && service.probe
        ? {
            probe: {
              probe,
              periodMs: service.probe.periodMs,
              timeoutMs: service.probe.timeoutMs,
            },
          }
        : {}),
      stop: service.stop,
      isExpectedExit: (code) =>
        restart.when !== "always" && code !== null && restart.expectedExits.includes(code),
      startupMs: policy.startupMs,
    };
    return [spec];
  });
}
