import { availableParallelism } from 'node:os';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError } from '../errors.ts';
import type { Reporter } from '../progress.ts';
import { openIndex } from '../retrieval/open.ts';
import { Admission } from './admission.ts';
import { createApp } from './app.ts';
import { Host } from './host.ts';
import { HostedIndex, idsOf } from './hosted-index.ts';
import type { Limits } from './limits.ts';
import { localRanker } from './local-ranker.ts';
import { Metrics } from './metrics.ts';
import { readPages } from './pages.ts';
import { type ReportDesk, reportDesk } from './report-desk.ts';

export interface ServeOptions {
  /** Folders of indexes, the default one first. */
  readonly indexes: readonly string[];
  readonly port: number;
  readonly host: string;
  readonly token?: string | undefined;
  readonly cors: readonly string[];
  readonly allowHosts: readonly string[];
  readonly limits: Limits;
  readonly device: Device;
  readonly reporter: Reporter;
  /** Threads of ONNX Runtime; all cores unless told. */
  readonly threads?: number;
  readonly onRequest?: ((line: string) => void) | undefined;
}

/** What `serve --json` prints when it has stopped. */
export interface Served {
  readonly address: string;
  /** That were answered. */
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Serves until the signal, then finishes what is running.
 * @throws NeurodexError as `startServer`
 */
export async function serve({
  signal,
  ...options
}: ServeOptions & { readonly signal?: AbortSignal | undefined }): Promise<Served> {
  const started = performance.now();
  const serving = await startServer(options);
  options.reporter.info(
    `${options.indexes.length === 1 ? 'the index is' : 'the indexes are'} served at ${serving.address}`,
  );
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  await serving.stop();
  return { address: serving.address, requests: serving.requests(), seconds: (performance.now() - started) / 1000 };
}

export interface Serving {
  /** Requests that were answered. */
  requests(): number;
  /** Where it listens: http://127.0.0.1:8080 */
  readonly address: string;
  /** Finishes what is running, then ends. */
  stop(): Promise<void>;
}

/** Serves indexes over HTTP until told to stop. @throws NeurodexError of the indexes, `address-unavailable` */
export async function startServer(options: ServeOptions): Promise<Serving> {
  const { limits, reporter, threads = availableParallelism() } = options;
  const runtime = nodeRuntime({ device: options.device, threads });
  const admission = new Admission(limits);
  const metrics = new Metrics(() => admission.underWay);
  const ids = idsOf(options.indexes);
  const hosted: HostedIndex[] = [];
  let requests = 0;
  for (const [i, folder] of options.indexes.entries()) {
    const index = await openIndex(folder, runtime, reporter);
    hosted.push(
      await HostedIndex.open(ids[i] as string, index, localRanker(index), runtime, {
        isDefault: i === 0,
        limits,
        onBatch: metrics.batch,
      }),
    );
  }
  const host = new Host(hosted);
  const onFault = (error: unknown): void =>
    reporter.warn(
      `a request could not be answered: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
  const reports: ReportDesk = reportDesk(async () => {
    throw new Error('not yet');
  }, onFault);
  const app = await createApp({
    ...options,
    host,
    reports,
    metrics,
    admission,
    address: options.host,
    pages: await readPages(),
    decoders: availableParallelism(),
    onFault,
    onRequest(line) {
      requests++;
      options.onRequest?.(line);
    },
  });
  const address = await app.http.listen({ port: options.port, host: options.host }).catch((error: unknown) => {
    throw unavailable(error, options);
  });
  return {
    address,
    requests: () => requests,
    async stop() {
      app.drain();
      await app.http.close();
      await reports.close();
      await host.close();
    },
  };
}

function unavailable(error: unknown, { host, port }: ServeOptions): unknown {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'that port is not for everybody',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no such name',
  };
  const reason = reasons[code ?? ''];
  if (reason === undefined) return error;
  return new NeurodexError('address-unavailable', `cannot listen on ${host}:${port}: ${reason}`, {
    hint: 'name another with --port or --host; --port 0 takes any that is free',
    details: { host, port },
    cause: error,
  });
}
