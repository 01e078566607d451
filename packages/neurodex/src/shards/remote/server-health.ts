/** Failures in a row after which a server is passed over. */
const FAILURES = 3;
/** Milliseconds that it is passed over for, at first and at most. */
const PAUSE = 1000;
const LONGEST = 30_000;

/** Whether a server is worth a request: one that has failed several times in a row is passed over, for longer and longer. */
export class ServerHealth {
  private failures = 0;
  private pausedUntil = 0;

  isPaused(now: number): boolean {
    return now < this.pausedUntil;
  }

  answered(): void {
    this.failures = 0;
    this.pausedUntil = 0;
  }

  failed(now: number): void {
    // Requests that were under way together fail together.
    if (this.isPaused(now)) return;
    this.failures++;
    if (this.failures < FAILURES) return;
    this.pausedUntil = now + Math.min(LONGEST, PAUSE * 2 ** (this.failures - FAILURES));
  }
}
