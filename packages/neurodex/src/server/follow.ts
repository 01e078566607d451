import { readIndexManifest } from '../artifact/manifest.ts';
import type { Host } from './host.ts';
import type { HostedIndex } from './hosted-index.ts';

/** Milliseconds between two looks at the folders. */
const PAUSE = 500;

export interface FollowOptions {
  readonly host: Host;
  /** Folders of the indexes, in the order of the host. */
  readonly folders: readonly string[];
  /** Opens a version of an index, ready to answer. @param place among the folders */
  readonly open: (place: number, digest: string) => Promise<HostedIndex>;
  readonly onReplaced: (index: HostedIndex) => void;
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

  constructor(options: FollowOptions) {
    this.options = options;
    this.plan();
  }

  /** No version is opened any more. */
  async close(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.running;
  }

  private plan(): void {
    if (this.stopping.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.running = this.look().finally(() => this.plan());
    }, this.options.pause ?? PAUSE);
    this.timer.unref();
  }

  private async look(): Promise<void> {
    for (const [place, folder] of this.options.folders.entries()) {
      if (this.stopping.signal.aborted) return;
      await this.lookAt(place, folder);
    }
  }

  /** Until the other version answers, the one that is served stays. */
  private async lookAt(place: number, folder: string): Promise<void> {
    const { host, open, onReplaced, onWarning } = this.options;
    // While one folder takes the name of another, there is nothing to see; and what is damaged is told when it is opened.
    const found = await readIndexManifest(folder).catch(() => undefined);
    if (found === undefined) return;
    const { digest } = found;
    if (digest === host.indexes[place]?.index.manifest.digest || digest === this.refused.get(place)) return;
    try {
      const next = await open(place, digest);
      if (this.stopping.signal.aborted) {
        await next.close();
        return;
      }
      this.refused.delete(place);
      host.replace(place, next);
      onReplaced(next);
    } catch (error) {
      this.refused.set(place, digest);
      const why = error instanceof Error ? error.message : String(error);
      onWarning(`${folder} was replaced, and the version that is there now cannot be served: ${why}`);
    }
  }
}
