export interface Schedule {
  /** Peak learning rate. */
  readonly learningRate: number;
  readonly kind: 'constant' | 'cosine';
  /** Steps over which the rate rises linearly from zero. */
  readonly warmupSteps: number;
  /** Length of the run; cosine ends there at zero. */
  readonly steps: number;
}

/** Learning rate of step 1 … steps: linear warm-up, then constant or half a cosine (Loshchilov & Hutter 2017). */
export function learningRateAt({ learningRate, kind, warmupSteps, steps }: Schedule, step: number): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  if (kind === 'constant') return learningRate;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}
