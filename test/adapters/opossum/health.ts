// Opossum's health check: asked at once and then at an interval that keeps no process alive.

/** `failed` is told what the check was rejected with. */
export function checkHealth(
  check: () => unknown,
  interval: number,
  failed: (error: unknown) => void,
): void {
  if (typeof check !== "function") throw new TypeError("Health check function must be a function");
  if (Number.isNaN(Number(interval))) throw new TypeError("Health check interval must be a number");
  const ask = async (): Promise<void> => {
    try {
      await check();
    } catch (error) {
      failed(error);
    }
  };
  setInterval(ask, interval).unref();
  void ask();
}
