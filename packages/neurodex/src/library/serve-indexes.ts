import type { Device } from '@neurodex/autograd';
import { parseBasePath } from '../server/base-path.ts';
import { DEFAULT_LIMITS, type Limits } from '../server/limits.ts';
import { serve } from '../server/serve.ts';
import { rejectingWith } from './aborted.ts';
import type { Abortable, Environment } from './index-options.ts';
import type { IndexWarning } from './results.ts';
import { warningsTo } from './run-job.ts';

/** How `serveIndexes` serves indexes. */
export interface ServeOptions extends Abortable {
  /** Folders of indexes, and places of indexes in shards, the default one first. */
  readonly indexes: readonly string[];
  /** 0 takes one that is free, and is the default. */
  readonly port?: number | undefined;
  /** Address to listen on; `127.0.0.1` by default. */
  readonly host?: string | undefined;
  /** What every request must bring; nothing by default. At another address than this machine's, it must be there. */
  readonly token?: string | undefined;
  /** What requests must bring that change indexes; without one, nobody changes them. */
  readonly writeToken?: string | undefined;
  /** Origins whose pages may call the server. */
  readonly cors?: readonly string[] | undefined;
  /** Other names under which the server is called. */
  readonly allowHosts?: readonly string[] | undefined;
  /** Where the server is below the root of its host, as `/search`. */
  readonly basePath?: string | undefined;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<Limits> | undefined;
  /** What computes: `cpu` by default. */
  readonly device?: Device | undefined;
  /** Credentials of a store, and the place of the cache; `process.env` by default. */
  readonly environment?: Environment | undefined;
  /** Told of what a person should know. */
  readonly onWarning?: ((warning: IndexWarning) => void) | undefined;
}

/** A server that listens. `await using` closes it. */
export interface IndexServer extends AsyncDisposable {
  /** Where it listens: `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Settles when the server has ended: it fails where what computes answers keeps ending. */
  readonly closed: Promise<void>;
  /** Takes no further request, and waits for those that are under way. */
  close(): Promise<void>;
}

/**
 * Serves indexes over HTTP from this process: pages for people, an API for programs (`neurodex/client`).
 *
 * @throws NeurodexError of the indexes, `address-unavailable`, `usage` for an address that others reach without a token; the reason of the
 *   signal
 * @example
 * ```ts
 * import { serveIndexes } from 'neurodex';
 * import { neurodexClient } from 'neurodex/client';
 *
 * await using server = await serveIndexes({ indexes: ['pets'] });
 * const client = neurodexClient({ server: server.address });
 * for (const { id, catalogue } of await client.indexes()) console.log(id, catalogue); // → pets 30
 * ```
 */
export async function serveIndexes({
  signal,
  port = 0,
  host = '127.0.0.1',
  cors = [],
  allowHosts = [],
  basePath,
  limits = {},
  device = 'cpu',
  environment = process.env,
  onWarning,
  ...others
}: ServeOptions): Promise<IndexServer> {
  return await rejectingWith(signal, async () => {
    const stopping = new AbortController();
    const stop = (): void => stopping.abort();
    signal?.addEventListener('abort', stop, { once: true });
    let listening = (_address: string): void => {};
    const address = new Promise<string>((resolve) => {
      listening = resolve;
    });
    const serving = serve({
      ...{ ...others, port, host, cors, allowHosts, device, environment, workers: 1, open: false },
      ...{ limits: { ...DEFAULT_LIMITS, ...limits }, reporter: warningsTo(onWarning) },
      ...(basePath === undefined ? {} : { basePath: parseBasePath(basePath) }),
      ...{ signal: stopping.signal, onListening: listening },
    });
    const closed = serving.then(() => signal?.removeEventListener('abort', stop));
    const close = async (): Promise<void> => {
      stop();
      await closed;
    };
    const server = { closed, close, [Symbol.asyncDispose]: close };
    return { ...server, address: await Promise.race([address, closed.then(() => address)]) };
  });
}
