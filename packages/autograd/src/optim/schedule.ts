/** How the learning rate changes over a run. */
export interface Schedule {
  /** Peak learning rate. */
  readonly learningRate: number;
  /** What follows the warm-up. */
  readonly kind: 'constant' | 'cosine';
  /** Steps over which the rate rises linearly from zero. */
  readonly warmupSteps: number;
  /** Length of the run; cosine ends there at zero. */
  readonly steps: number;
}

/**
 * Learning rate of step 1 … steps: linear warm-up, then constant or half a cosine (Loshchilov & Hutter 2017).
 * @example
 * ```ts
 * import { learningRateAt } from '@neurodex/autograd';
 *
 * const schedule = { kind: 'cosine', learningRate: 1, warmupSteps: 2, steps: 10 } as const;
 * console.log(learningRateAt(schedule, 1), learningRateAt(schedule, 10)); // → 0.5 0
 * ```
 */
export function learningRateAt({ learningRate, kind, warmupSteps, steps }: Schedule, step: number): number {
  if (step <= warmupSteps) return (learningRate * step) / warmupSteps;
  if (kind === 'constant') return learningRate;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}
