/** How often something that ends by itself is started again. */
export interface RestartPolicy {
  /** Milliseconds before each start after the first of a row of early ends; a longer row is given up. */
  readonly pauses: readonly number[];
  /** Milliseconds: what ends sooner has ended early. */
  readonly early: number;
}

export const RESTARTS: RestartPolicy = { pauses: [250, 500, 1000, 2000, 4000], early: 5000 };

/** Counts the ends of one thing that is to run for ever: how long to wait before it is started again. */
export class Restarts {
  private readonly policy: RestartPolicy;
  private row = 0;

  constructor(policy: RestartPolicy = RESTARTS) {
    this.policy = policy;
  }

  /** Starts in a row that ended early. */
  get failures(): number {
    return this.row;
  }

  /** It does what it is for. */
  worked(): void {
    this.row = 0;
  }

  /**
   * @param lived milliseconds from when it was ready; undefined where it never was
   * @returns milliseconds to wait before the next start; undefined when it has failed too often in a row
   */
  ended(lived: number | undefined): number | undefined {
    if (lived !== undefined && lived >= this.policy.early) this.row = 0;
    return this.policy.pauses[this.row++];
  }

  /** Milliseconds to wait at most. */
  get longest(): number {
    return this.policy.pauses.at(-1) ?? 0;
  }
}
