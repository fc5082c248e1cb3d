// Cockatiel's errors, which stand for the refusals and timeouts of our policies.

export class BrokenCircuitError extends Error {
  readonly isBrokenCircuitError = true;
  constructor(message = "Execution prevented because the circuit breaker is open") {
    super(message);
  }
}

export class IsolatedCircuitError extends BrokenCircuitError {
  readonly isIsolatedCircuitError = true;
  constructor() {
    super("Execution prevented because the circuit breaker is open");
  }
}

/** The last failure of a breaker that was made from saved state. */
export class HydratingCircuitError extends Error {
  readonly isHydratingCircuitError = true;
  constructor(message = "Execution prevented because the circuit breaker is open") {
    super(message);
  }
}

export class BulkheadRejectedError extends Error {
  readonly isBulkheadRejectedError = true;
  constructor(executionSlots: number, queueSlots: number) {
    super(
      `Bulkhead capacity exceeded (0/${executionSlots} execution slots, 0/${queueSlots} available)`,
    );
  }
}

export class TaskCancelledError extends Error {
  readonly isTaskCancelledError = true;
  constructor(message = "Operation cancelled") {
    super(message);
  }
}

function has(error: unknown, mark: string): boolean {
  return error instanceof Error && mark in error;
}

export function isBrokenCircuitError(error: unknown): error is BrokenCircuitError {
  return has(error, "isBrokenCircuitError");
}
export function isIsolatedCircuitError(error: unknown): error is IsolatedCircuitError {
  return has(error, "isIsolatedCircuitError");
}
export function isHydratingCircuitError(error: unknown): error is HydratingCircuitError {
  return has(error, "isHydratingCircuitError");
}
export function isBulkheadRejectedError(error: unknown): error is BulkheadRejectedError {
  return has(error, "isBulkheadRejectedError");
}
export function isTaskCancelledError(error: unknown): error is TaskCancelledError {
  return has(error, "isTaskCancelledError");
}
