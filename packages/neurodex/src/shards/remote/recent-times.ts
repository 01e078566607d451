/** Answers that are remembered. */
const KEPT = 200;
/** Answers from which a percentile is taken. */
const ENOUGH = 20;
const PERCENTILE = 0.95;
/** Milliseconds: the least delay, and the delay as long as too few answers are known. */
const FLOOR = 20;
const UNKNOWN = 100;

/** How long servers took to answer, of late. */
export class RecentTimes {
  private readonly times: number[] = [];
  private next = 0;

  /** @param milliseconds that an answer took */
  add(milliseconds: number): void {
    this.times[this.next] = milliseconds;
    this.next = (this.next + 1) % KEPT;
  }

  /** Milliseconds within which 95 of 100 answers come: who waits longer asks another server as well. */
  get hedgeDelay(): number {
    if (this.times.length < ENOUGH) return UNKNOWN;
    const sorted = Float64Array.from(this.times).sort();
    return Math.max(FLOOR, sorted[Math.ceil(PERCENTILE * sorted.length) - 1] ?? NaN);
  }
}
