/** Hedges for each request, in the long run. */
const SHARE = 0.1;
/** Hedges that may have been saved up. */
const MOST = 10;

/** Bounds hedged requests to a share of all: where all servers are slow, more requests would make them slower. */
export class HedgeBudget {
  private left = MOST;

  /** A request was sent. */
  earn(): void {
    this.left = Math.min(MOST, this.left + SHARE);
  }

  /** @returns whether a hedge may be sent; it then counts */
  spend(): boolean {
    if (this.left < 1) return false;
    this.left--;
    return true;
  }
}
