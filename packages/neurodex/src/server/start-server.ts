import { createServer } from 'node:net';
import { errorCode, NeurodexError } from '@neurodex/core';
import { libvips } from '@neurodex/datasets/image';
import { Admission } from './admission.ts';
import { createApp } from './app.ts';
import { changeDesk } from './change-desk.ts';
import { Hosting } from './hosting.ts';
import { Metrics } from './metrics.ts';
import { readPages } from './pages.ts';
import type { ServerOptions, ServerSettings } from './server-options.ts';

/** Connections that the kernel may hold until the server takes them; Node's own default. */
const LEAST_BACKLOG = 511;

/** A server that listens. */
export interface Serving {
  /** http://127.0.0.1:8080, with the base path where it has one */
  readonly address: string;
  readonly metrics: Metrics;
  /** Resolves, if ever, with why it can answer no searches any more. */
  readonly failure: Promise<NeurodexError>;
  /** A picture is being removed by another process of this server; it is seen again where that failed. @param picture its number */
  hide(index: string, picture: number, isHidden: boolean): void;
  /** Finishes what is running, then ends; what runs longer than it may is broken off. */
  stop(): Promise<void>;
}

/** @throws NeurodexError of the indexes, `address-unavailable` */
export async function startServer(options: ServerOptions): Promise<Serving> {
  const { limits, reporter, cores, reports } = options;
  // Pictures are decoded side by side; threads within one would only wait for each other.
  libvips().concurrency(1);
  const admission = new Admission(limits);
  const metrics = new Metrics(
    () => admission.underWay,
    options.metricsText,
    () => admission.bodyBytes,
  );
  let fail: (error: NeurodexError) => void = () => {};
  const failure = new Promise<NeurodexError>((resolve) => {
    fail = resolve;
  });
  const hosting = new Hosting({ ...options, takesChanges: options.writeToken !== undefined }, metrics, fail);
  const host = await hosting.openAll();
  const follower = hosting.follow(host);
  const faulty = (what: string) => (error: unknown) =>
    reporter.warn(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const desk = options.desk ?? changeDesk({ ...options, onFault: faulty('an index could not be changed') });
  metrics.watch(() => host.indexes.flatMap((index) => index.queues()));
  try {
    const app = await createApp({
      ...options,
      host,
      desk,
      served: (index, version) => follower.serves(hosting.ids.indexOf(index), version, limits.searchSeconds),
      reports,
      metrics,
      admission,
      address: options.host,
      pages: await readPages(options.pages),
      decoders: cores,
      onFault: faulty('a request could not be answered'),
    });
    const address = await app.http.listen({
      port: options.port,
      host: options.host,
      // Where the kernel's queue is full, clients believe that they are connected, and nobody is there.
      backlog: Math.max(LEAST_BACKLOG, limits.connections),
    });
    return {
      address: `${address}${options.basePath ?? ''}`,
      metrics,
      failure,
      hide: (index, picture, isHidden) => (isHidden ? host.hide(index, picture) : host.show(index, picture)),
      async stop() {
        // A version that is being opened keeps no request from being told that the server stops.
        await Promise.all([follower.close(), app.drain()]);
        await desk.close();
        await reports.close();
        await host.close();
      },
    };
  } catch (error) {
    await follower.close();
    await desk.close();
    await host.close();
    throw unavailable(error, options);
  }
}

/**
 * Finds out before anything is loaded that the address is not to be had.
 * @returns its port: one that is free, where any will do
 * @throws NeurodexError `address-unavailable`
 */
export async function checkAddress({ host, port }: Pick<ServerSettings, 'host' | 'port'>): Promise<number> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(port, host, resolve);
    });
  } catch (error) {
    throw unavailable(error, { host, port });
  }
  const bound = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

function unavailable(error: unknown, { host, port }: Pick<ServerSettings, 'host' | 'port'>): unknown {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there',
    EACCES: 'that port is not for everybody',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no such name',
  };
  const reason = reasons[errorCode(error) ?? ''];
  if (reason === undefined) return error;
  return new NeurodexError('address-unavailable', `cannot listen on ${host}:${port}: ${reason}`, {
    hint: 'name another with --port or --host; --port 0 takes any that is free',
    details: { host, port },
    cause: error,
  });
}
