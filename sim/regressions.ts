// Seeds that once broke an invariant, with what they found; they are played again in every run.

export interface Regression {
  readonly seed: number;
  readonly days: number;
  readonly found: string;
}

export const regressions: readonly Regression[] = [];
