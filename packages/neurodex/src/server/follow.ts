import type { Host } from './host.ts';
import type { Hosted, HostedVersion } from './hosted.ts';
import { type IndexVersion, reaches } from './index-changes.ts';

/** Milliseconds between two looks at the folders. */
const PAUSE = 500;
/** And the least, where somebody waits for a version. */
const SOON = 5;
/** Share of the time in which versions are opened at most: many changes in a row are followed in steps. */
const OPENING_SHARE = 0.2;
const NONE = { digest: '', created: '' };

/** Where the versions of an index are. */
export interface Followed {
  /** For messages. */
  readonly name: string;
  /** The version that is there, as far as it can be seen now. Never waits for long. */
  look(): Promise<HostedVersion | undefined>;
}

export interface FollowOptions {
  readonly host: Host;
  /** In the order of the host. */
  readonly places: readonly Followed[];
  /** Opens a version of an index, ready to answer. @param place among the places */
  readonly open: (place: number, digest: string) => Promise<Hosted>;
  readonly onReplaced: (index: Hosted) => void;
  readonly onWarning: (message: string) => void;
  readonly pause?: number;
}

/** Looks whether other versions have taken the names of the indexes, and serves those instead. */
export class Follower {
  private readonly options: FollowOptions;
  /** By place: a version that could not be opened. It is not tried again. */
  private readonly refused = new Map<number, string>();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  /** By place: before this time no version of the build that is served is opened. */
  private readonly notBefore = new Map<number, number>();
  /** When somebody who waits for a version wants the next look. */
  private wanted = Number.POSITIVE_INFINITY;
  private looking = false;
  /** Told after every look. */
  private readonly waiting = new Set<() => void>();

  constructor(options: FollowOptions) {
    this.options = options;
    this.plan();
  }

  /** No version is opened any more. */
  async close(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    for (const done of this.waiting) done();
    await this.running;
  }

  /**
   * Waits until an index is served in a version, or in a later one of the same build.
   * @param place among the places @returns false where it is not served in so many seconds
   */
  async serves(place: number, version: IndexVersion, seconds: number): Promise<boolean> {
    const deadline = performance.now() + 1000 * seconds;
    const { host } = this.options;
    for (;;) {
      const served = host.indexes[place]?.version ?? NONE;
      if (reaches(served, version)) return true;
      const now = performance.now();
      const isRefused = this.refused.get(place) === version.digest;
      if (now >= deadline || isRefused || this.stopping.signal.aborted) return false;
      this.wanted = Math.min(this.wanted, Math.max(now + SOON, this.mayOpen(place, version)));
      const looked = this.nextLook(deadline - now);
      if (!this.looking) this.plan();
      await looked;
    }
  }

  /** When a version may be opened. */
  private mayOpen(place: number, { created }: { readonly created: string }): number {
    const isChange = created === this.options.host.indexes[place]?.version.created;
    return isChange ? (this.notBefore.get(place) ?? 0) : 0;
  }

  /** Resolves after the next look, or after so many milliseconds. */
  private nextLook(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.waiting.add(done);
    });
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.stopping.signal.aborted) return;
    const pause = Math.min(this.options.pause ?? PAUSE, this.wanted - performance.now());
    this.timer = setTimeout(() => this.start(), Math.max(0, pause));
    this.timer.unref();
  }

  private start(): void {
    this.wanted = Number.POSITIVE_INFINITY;
    this.looking = true;
    this.running = this.look().finally(() => {
      this.looking = false;
      for (const done of this.waiting) done();
      this.plan();
    });
  }

  private async look(): Promise<void> {
    for (const [place, followed] of this.options.places.entries()) {
      if (this.stopping.signal.aborted) return;
      await this.lookAt(place, followed);
    }
  }

  /** Until the other version answers, the one that is served stays. */
  private async lookAt(place: number, followed: Followed): Promise<void> {
    const { host, open, onReplaced, onWarning } = this.options;
    // While one folder takes the name of another, there is nothing to see; and what is damaged is told when it is opened.
    const found = await followed.look().catch(() => undefined);
    if (found === undefined) return;
    const { digest, created } = found;
    const served = host.indexes[place]?.version;
    if (digest === served?.digest || digest === this.refused.get(place)) return;
    const started = performance.now();
    if (started < this.mayOpen(place, found)) return;
    try {
      const next = await open(place, digest);
      if (this.stopping.signal.aborted) {
        await next.close();
        return;
      }
      this.refused.delete(place);
      host.replace(place, next);
      onReplaced(next);
      const now = performance.now();
      this.notBefore.set(place, created === served?.created ? now + (now - started) * (1 / OPENING_SHARE - 1) : now);
    } catch (error) {
      this.refused.set(place, digest);
      const why = error instanceof Error ? error.message : String(error);
      onWarning(`${followed.name} was replaced, and the version that is there now cannot be served: ${why}`);
    }
  }
}
