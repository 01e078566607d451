/** Validation figures by name, all in [0, 1]. */
export type Figures = Readonly<Record<string, number>>;

/**
 * Early stopping: remembers the best state by one score, and says when `patience` validations in a row were no better.
 */
export class BestKeeper {
  private readonly patience: number;
  private best: { score: number; step: number; parameters: Float32Array; figures: Figures } | undefined;
  private waited = 0;

  /** @param patience 0 never stops */
  constructor(patience: number) {
    this.patience = patience;
  }

  /** @returns whether training should go on */
  offer(figures: Figures, step: number, parameters: Float32Array): boolean {
    const score = validationScore(figures);
    // Where nothing can be measured, the newest state is the one to keep.
    const unmeasured = Object.keys(figures).length === 0;
    if (this.best === undefined || score > this.best.score || unmeasured) {
      this.best = { score, step, parameters: parameters.slice(), figures };
      this.waited = 0;
      return true;
    }
    this.waited++;
    return this.patience === 0 || this.waited < this.patience;
  }

  get state() {
    return this.best;
  }
}

/** What early stopping looks at: the mean of the figures of both tasks, or of the one that was measured. */
export function validationScore(figures: Figures): number {
  const values = Object.values(figures);
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
