// How long stopping everything takes at most: the longest way through the dependents, and the end.

/** How long requests in flight may finish, before an instance is told to end. */
export const drainMs: number = 5_000;
/** How long the gateway may take, which goes when all services have gone. */
export const gatewayStopMs: number = 6_000;
/** For killed groups to be torn down, the spawner, and the last words of the journal. */
const restMs = 2_000;

/** Of a service whose config says nothing. */
export const waitMsDefault: number = 10_000;

export interface Stopping {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly waitMs: number;
  /** Clients reach it through the gateway. */
  readonly routed: boolean;
}

export interface StopTime {
  readonly ms: number;
  /** Whose waits make it so long, first to last. */
  readonly way: readonly string[];
}

/** What depends on a service ends before it; those that do not know each other end at once. */
export function stopTime(services: readonly Stopping[]): StopTime {
  const known = new Map<string, StopTime>();
  const dependents = new Map<string, string[]>();
  for (const { name, dependsOn } of services) {
    for (const other of dependsOn) dependents.set(other, [...(dependents.get(other) ?? []), name]);
  }
  const byName = new Map(services.map((service) => [service.name, service]));
  const until = (name: string): StopTime => {
    const found = known.get(name);
    if (found) return found;
    const service = byName.get(name);
    if (!service) return none;
    // A circle is told elsewhere: here it only must not be followed for ever.
    known.set(name, none);
    const before = longest((dependents.get(name) ?? []).map(until));
    const own = service.waitMs + (service.routed ? drainMs : 0);
    const all = { ms: before.ms + own, way: [...before.way, name] };
    known.set(name, all);
    return all;
  };
  const { ms, way } = longest(services.map(({ name }) => until(name)));
  const gateway = services.some(({ routed }) => routed) ? gatewayStopMs : 0;
  return { ms: ms + gateway + restMs, way };
}

const none: StopTime = { ms: 0, way: [] };

function longest(all: readonly StopTime[]): StopTime {
  return all.reduce((most, one) => (one.ms > most.ms ? one : most), none);
}
