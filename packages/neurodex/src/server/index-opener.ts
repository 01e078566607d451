import { readIndexManifest } from '../artifact/manifest.ts';
import { openIndex } from '../systems/open-index.ts';
import type { HostedVersion } from './hosted.ts';
import { HostedIndex } from './hosted-index.ts';
import type { Opener, OpenerOptions } from './opener.ts';
import { threadRanker } from './thread-ranker.ts';

/** Opens the versions of an index in a folder. */
export class IndexOpener implements Opener {
  readonly name: string;
  private readonly options: OpenerOptions;

  constructor(options: OpenerOptions) {
    this.options = options;
    this.name = options.name;
  }

  look(): Promise<HostedVersion> {
    return readIndexManifest(this.name);
  }

  async open(digest: string | undefined): Promise<HostedIndex> {
    const { name: folder, id, isDefault, runtime, metrics, onGone, server } = this.options;
    const { device, cores, limits, reporter, basePath, takesChanges, ranker: make = threadRanker } = server;
    const served = this.served();
    const index = await openIndex(folder, runtime, reporter, { digest, before: served?.index });
    const before = served?.isOfBuild(index.manifest) === true ? served : undefined;
    const version = { digest: index.manifest.digest };
    const thread = { folder, device, threads: cores, ...version };
    const start = () =>
      make(thread, (message) => reporter.warn(`${id}: ${message}`), {
        // What was replaced is not missed.
        onGone: (error) => {
          const now = this.served();
          if (now === undefined || now.isOfBuild(index.manifest)) onGone(error);
        },
      });
    const ranker = before?.nextRanker(version) ?? start();
    try {
      const onBatch = metrics.batch;
      const options = { isDefault, before, takesChanges, limits, device, basePath, onBatch };
      const hosted = await HostedIndex.open(id, index, ranker, options);
      await hosted.warm(before === undefined);
      return hosted;
    } catch (error) {
      await ranker.close();
      await index.close();
      throw error;
    }
  }

  private served(): HostedIndex | undefined {
    const now = this.options.served();
    return now instanceof HostedIndex ? now : undefined;
  }
}
