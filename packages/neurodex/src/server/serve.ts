import { availableParallelism } from 'node:os';
import type { Reporter } from '@neurodex/core';
import { defined, NeurodexError, threadsFrom } from '@neurodex/core';
import { isPlaceOfShards } from '../jobs/place-of-shards.ts';
import { isLoopback } from './access.ts';
import { idsOf } from './hosted-index.ts';
import { measureApart } from './measure.ts';
import { reportDesk } from './report-desk.ts';
import type { ServerSettings } from './server-options.ts';
import { checkAddress, type Serving, startServer } from './start-server.ts';
import { startWorkers } from './workers.ts';

export interface ServeOptions extends Omit<ServerSettings, 'cores'> {
  /** Processes that share the port. */
  readonly workers: number;
  /** Whether it may be open to everybody: without a token on an address that other machines reach. */
  readonly open: boolean;
  readonly reporter: Reporter;
  /** Given when the server shall stop. */
  readonly signal?: AbortSignal | undefined;
  /** Told where it listens. */
  readonly onListening?: (address: string) => void;
}

/** What `serve --json` prints when it has stopped. */
export interface Served {
  readonly address: string;
  /** That were answered. */
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Serves indexes over HTTP until the signal, then finishes what is running.
 * @throws NeurodexError of the indexes, `address-unavailable`, `usage` for an address that others reach without a token,
 * `server-failed` when what computes answers keeps ending
 */
export async function serve({ signal, workers, open, onListening, ...options }: ServeOptions): Promise<Served> {
  const { reporter, indexes, host, token, writeToken } = options;
  if (token === undefined && !open && !isLoopback(host)) throw unguarded(host);
  if (writeToken !== undefined && writeToken === token) throw sameTokens();
  await checkPlaces(options);
  await checkAddress(options);
  const started = performance.now();
  const ids = idsOf(indexes);
  const folderOf = (id: string) => defined(indexes[ids.indexOf(id)], `the index ${id}`);
  const reports = reportDesk(measureApart(folderOf, options.device), (error) =>
    reporter.warn(`an index could not be measured: ${error instanceof Error ? error.message : String(error)}`),
  );
  const threads = threadsFrom(process.env) ?? availableParallelism();
  const cores = Math.max(1, Math.floor(threads / workers));
  const settings = { ...options, cores, reports };
  const serving: Omit<Serving, 'metrics' | 'hide'> & { requests(): Promise<number> } =
    workers === 1 ? await alone(settings) : await startWorkers(settings, workers);
  reporter.info(
    `${indexes.length === 1 ? 'the index is' : `${indexes.length} indexes are`} served at ${serving.address}`,
  );
  onListening?.(serving.address);
  const failure = await Promise.race([stopped(signal), serving.failure]);
  await serving.stop();
  if (failure !== undefined) throw failure;
  return {
    address: serving.address,
    requests: await serving.requests(),
    seconds: (performance.now() - started) / 1000,
  };
}

async function alone(settings: Parameters<typeof startServer>[0]) {
  const serving = await startServer(settings);
  return { ...serving, requests: () => serving.metrics.requestCount() };
}

/** @throws NeurodexError `usage` for settings of shards where none are served */
async function checkPlaces({ indexes, shards }: Pick<ServeOptions, 'indexes' | 'shards'>): Promise<void> {
  const flag = shards?.asked !== undefined ? '--shards' : (shards?.urls.length ?? 0) > 0 ? '--shard-url' : undefined;
  if (flag === undefined) return;
  for (const name of indexes) if (await isPlaceOfShards(name)) return;
  throw new NeurodexError('usage', `${flag} is of an index in shards, and none is served`, {
    hint: `leave ${flag} out, or name the place of an index in shards`,
  });
}

const stopped = (signal: AbortSignal | undefined): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve(undefined);
    signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const sameTokens = (): NeurodexError =>
  new NeurodexError(
    'usage',
    '--token and --write-token are the same: everybody who may search could change the indexes',
    {
      hint: 'choose another text for one of them',
    },
  );

const unguarded = (host: string): NeurodexError =>
  new NeurodexError('usage', `at ${host} other machines could reach the server, and it has no token`, {
    hint: 'name one with --token TEXT, listen on 127.0.0.1, or open it to everybody with --no-token',
    details: { host },
  });
