/** Validation metrics by name, all in [0, 1]. */
export type Metrics = Readonly<Record<string, number>>;

/** The best state of a phase. */
export interface BestState {
  readonly score: number;
  readonly step: number;
  readonly parameters: Float32Array;
  readonly metrics: Metrics;
}

/**
 * Early stopping: remembers the best state by one score, and says when `patience` validations in a row were no better.
 */
export class EarlyStopping {
  private readonly patience: number;
  private best: BestState | undefined;
  private waitedFor: number;

  /**
   * @param patience 0 never stops
   * @param from what an earlier process remembered
   */
  constructor(patience: number, from: { readonly best?: BestState; readonly waited: number } = { waited: 0 }) {
    this.patience = patience;
    this.best = from.best;
    this.waitedFor = from.waited;
  }

  /** @returns whether training should go on */
  update(metrics: Metrics, step: number, parameters: Float32Array): boolean {
    const score = validationScore(metrics);
    // Where nothing can be measured, the newest state is the one to keep.
    const unmeasured = Object.keys(metrics).length === 0;
    if (this.best === undefined || score > this.best.score || unmeasured) {
      this.best = { score, step, parameters: parameters.slice(), metrics };
      this.waitedFor = 0;
    } else {
      this.waitedFor++;
    }
    return !this.stopped;
  }

  /** Whether patience is at its end. */
  get stopped(): boolean {
    return this.patience > 0 && this.waitedFor >= this.patience;
  }

  /** Validations since the best one. */
  get waited(): number {
    return this.waitedFor;
  }

  get state(): BestState | undefined {
    return this.best;
  }
}

/** What early stopping looks at: the mean of the metrics of both tasks, or of the one that was measured. */
export function validationScore(metrics: Metrics): number {
  const values = Object.values(metrics);
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
