import { availableParallelism } from 'node:os';
import { defined, type NeurodexError, type Reporter } from '@neurodex/core';
import { libvips } from '@neurodex/datasets/image';
import { Admission } from '../server/admission.ts';
import type { Waiting } from '../server/batcher.ts';
import { changeDesk } from '../server/change-desk.ts';
import { Changes } from '../server/changes.ts';
import type { Host } from '../server/host.ts';
import { Hosting } from '../server/hosting.ts';
import { Images } from '../server/images.ts';
import type { Limits } from '../server/limits.ts';
import { Metrics } from '../server/metrics.ts';
import { Search } from '../server/search.ts';
import type { HostingSettings } from '../server/server-options.ts';

export interface McpSettings
  extends Pick<HostingSettings, 'indexes' | 'limits' | 'device' | 'shards' | 'environment' | 'reporter' | 'ranker'> {
  /** Whether tools that change an index are offered. */
  readonly allowChanges: boolean;
  /** Whether whoever calls the tools has the files of this machine: over standard input and output, not over HTTP. */
  readonly isLocal: boolean;
}

/** What the tools work with: the indexes as `serve` hosts them, without its API. */
export interface McpServices {
  readonly host: Host;
  readonly search: Search;
  readonly images: Images;
  readonly changes: Changes;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly allowChanges: boolean;
  readonly isLocal: boolean;
  readonly reporter: Reporter;
  /** Told of faults of the program, of which clients hear only that there was one. */
  readonly onFault: (error: unknown) => void;
  /** Ids of the indexes, the default one first. */
  readonly ids: readonly [string, ...string[]];
  /** Where an index lies. @param id of an index that is served */
  folderOf(id: string): string;
  /** Resolves, if ever, with why searches can be answered no more. */
  readonly failure: Promise<NeurodexError>;
  close(): Promise<void>;
}

/** @throws NeurodexError of the indexes */
export async function openServices(settings: McpSettings): Promise<McpServices> {
  const { limits, reporter, allowChanges, indexes } = settings;
  const cores = availableParallelism();
  // Pictures are decoded side by side; threads within one would only wait for each other.
  libvips().concurrency(1);
  const admission = new Admission(limits);
  const metrics = new Metrics(
    () => admission.underWay,
    undefined,
    () => admission.bodyBytes,
  );
  let fail: (error: NeurodexError) => void = () => {};
  const failure = new Promise<NeurodexError>((resolve) => {
    fail = resolve;
  });
  const hosting = new Hosting({ ...settings, cores, takesChanges: allowChanges }, metrics, fail);
  const host = await hosting.openAll();
  const follower = hosting.follow(host);
  const onFault = (error: unknown): void =>
    reporter.warn(
      `a tool could not answer: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  const desk = changeDesk({ indexes, device: settings.device, cores, limits, onFault });
  const [first, ...others] = hosting.ids;
  return {
    host,
    search: new Search(host, limits, cores),
    images: new Images(host, true),
    changes: new Changes({
      host,
      desk,
      basePath: '',
      served: (index, version) => follower.serves(hosting.ids.indexOf(index), version, limits.searchSeconds),
    }),
    ...{ admission, metrics, limits, allowChanges, isLocal: settings.isLocal, reporter, onFault, failure },
    ids: [defined(first, 'the id of the first index'), ...others],
    folderOf: (id) => defined(indexes[hosting.ids.indexOf(id)], `the index ${id}`),
    async close() {
      await follower.close();
      await desk.close();
      await host.close();
    },
  };
}

/**
 * Does the work of a call on the versions of the indexes that are there now. Once nobody waits for it, its search is given up.
 * @throws ApiError `busy`
 */
export async function answering<T>(
  { host, admission }: Pick<McpServices, 'host' | 'admission'>,
  signal: AbortSignal,
  work: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  const leave = host.enter();
  try {
    const admitted = admission.enter();
    const onAbort = (): void => {
      admitted.gone = true;
      admitted.leave();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      return await work(admitted);
    } finally {
      signal.removeEventListener('abort', onAbort);
      admitted.leave();
    }
  } finally {
    leave();
  }
}
