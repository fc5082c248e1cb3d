// What an action or a reading is about: a service ("web") or one instance of it ("web/1").

/** "web" names a service, "web/1" its first instance. */
export type Target = string;

/** The gateway process: it carries the project's mark and is no instance of a service. */
export const gatewayTarget: Target = "@gateway";

/** The process that starts the services, likewise. */
export const spawnerTarget: Target = "@spawner";

/** The process that hears what services say by sd_notify, likewise. */
export const notifyTarget: Target = "@notify";

/** What journal and logs are written to; no process. */
export const diskTarget: Target = "@disk";

/** The machine, or the container, that all of it runs on; no process. */
export const hostTarget: Target = "@host";

/** Whether it names a process of Homeostat itself: no service begins so. */
export function isOurs(target: Target): boolean {
  return target.startsWith("@");
}

export function instanceName(service: string, index: number): Target {
  return `${service}/${index}`;
}

export function serviceOf(target: Target): string {
  const slash = target.indexOf("/");
  return slash < 0 ? target : target.slice(0, slash);
}

/** From 0 on, of an instance; its name counts from 1. */
export function indexOf(instance: Target): number {
  return Number(instance.slice(instance.indexOf("/") + 1)) - 1;
}

export function isInstance(target: Target): boolean {
  return target.includes("/");
}
