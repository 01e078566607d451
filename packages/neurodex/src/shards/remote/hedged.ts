export interface HedgedOptions<R> {
  /** In the order in which they are asked, one or more. */
  readonly servers: readonly string[];
  /** @param signal given when nobody waits for this answer any more @param isHedge beside a server that may still answer */
  readonly ask: (server: string, signal: AbortSignal, isHedge: boolean) => Promise<R>;
  /** Milliseconds after which another server is asked as well, if `mayHedge`. */
  readonly delay: number;
  readonly mayHedge: () => boolean;
  /** Milliseconds for all of it. At half of them another server is asked in any case. */
  readonly milliseconds: number;
  readonly tooSlow: () => Error;
}

/**
 * Asks a server, and where it takes longer than most answers do, another one as well (hedged requests, Dean & Barroso 2013). The first
 * good answer wins. Where a server fails, the next one is asked at once.
 * @throws what the first server that failed failed with, where all did; `tooSlow`
 */
export function hedged<R>(options: HedgedOptions<R>): Promise<R> {
  return new Promise((resolve, reject) => new Hedged(options, resolve, reject).start());
}

class Hedged<R> {
  private readonly options: HedgedOptions<R>;
  private readonly resolve: (answer: R) => void;
  private readonly reject: (reason: unknown) => void;
  private readonly asked = new Set<AbortController>();
  private readonly reasons: unknown[] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private next = 0;
  private isSettled = false;

  constructor(options: HedgedOptions<R>, resolve: (answer: R) => void, reject: (reason: unknown) => void) {
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  start(): void {
    const { delay, mayHedge, milliseconds, tooSlow } = this.options;
    this.after(milliseconds, () => this.settle(() => this.reject(this.reasons[0] ?? tooSlow())));
    this.after(milliseconds / 2, () => this.askNext(false));
    if (delay < milliseconds / 2) {
      this.after(delay, () => {
        if (this.hasNext && mayHedge()) this.askNext(true);
      });
    }
    this.askNext(false);
  }

  private get hasNext(): boolean {
    return this.next < this.options.servers.length;
  }

  private askNext(isHedge: boolean): void {
    const server = this.options.servers[this.next];
    if (server === undefined || this.isSettled) return;
    this.next++;
    const stopping = new AbortController();
    this.asked.add(stopping);
    this.options.ask(server, stopping.signal, isHedge).then(
      (answer) => {
        this.asked.delete(stopping);
        this.settle(() => this.resolve(answer));
      },
      (reason: unknown) => {
        this.asked.delete(stopping);
        this.reasons.push(reason);
        if (this.hasNext) this.askNext(false);
        else if (this.asked.size === 0) this.settle(() => this.reject(this.reasons[0]));
      },
    );
  }

  private after(milliseconds: number, work: () => void): void {
    this.timers.push(setTimeout(work, milliseconds));
  }

  private settle(done: () => void): void {
    if (this.isSettled) return;
    this.isSettled = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const stopping of this.asked) stopping.abort();
    done();
  }
}
