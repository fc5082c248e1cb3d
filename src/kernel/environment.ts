// What the surroundings say of this process; the one place from which the library asks them.

/** NODE_ENV is "production"; read when it is asked, as a test may set it. */
export function inProduction(): boolean {
  return process.env.NODE_ENV === "production";
}

/** A variable of the environment; undefined when it is not there or empty. */
export function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}
