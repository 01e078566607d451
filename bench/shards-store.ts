import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { downloadContent, type ObjectStore, openStore } from '@neurodex/objects';
import { findShard, ROUTER_KEY, readPlan, type ShardFile, shardKey } from '../packages/neurodex/src/shards/records.ts';
import { FaultyProxy } from '../packages/objects/src/s3/faulty-proxy.fixture.ts';
import { findServer, S3_SERVERS, startServer } from '../packages/objects/src/s3/s3-servers.fixture.ts';
import { TinyS3 } from '../packages/objects/src/s3/tiny-s3.fixture.ts';
import { whenStopped } from './stopping.ts';

/** The store of a folder. */
export const storeIn = (folder: string): Promise<ObjectStore> =>
  openStore(folder, { environment: {}, reporter: silentReporter });

interface Server {
  readonly name: string;
  readonly address: string;
  readonly bucket: string;
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Where `.ci/run` leaves the servers of other people. */
const INSTALLED = join(tmpdir(), 'neurodex-s3-servers');
/** Of others that the caller may have set: they would name another store. */
const UNSET = { AWS_ENDPOINT_URL_S3: '', AWS_SESSION_TOKEN: '', AWS_VIRTUAL_HOSTED_STYLE_REQUEST: '' } as const;

/** A server of S3 by others where one is installed, on a disk rather than in memory; else the one of the tests. */
async function start(): Promise<Server> {
  const folders = [process.env.NEURODEX_S3_SERVERS, INSTALLED].filter((folder) => folder !== undefined).join(delimiter);
  const environment = { PATH: process.env.PATH, NEURODEX_S3_SERVERS: folders };
  for (const kind of [...S3_SERVERS].sort((a, b) => Number(b.isAtomic) - Number(a.isAtomic))) {
    const program = findServer(kind, environment);
    if (program !== undefined) return { name: kind.name, ...(await startServer(kind, program)) };
  }
  const tiny = await TinyS3.start();
  return {
    ...{ name: "the tests' server in memory", address: tiny.address, bucket: 'bucket' },
    environment: { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' },
    stop: () => tiny.stop(),
  };
}

/** An address of the store, and what a process needs to use it. */
export interface Endpoint {
  readonly environment: NodeJS.ProcessEnv;
}

/** A plan in an S3 store of one run, asked through proxies that refuse every request while the store is to fail. */
export class ShardsStore {
  /** Whether every request is answered with 503. */
  isFailing = false;
  /** Requests that were refused. */
  refused = 0;
  /** As `neurodex` takes it. */
  readonly place: string;
  /** Past the proxies. */
  readonly store: ObjectStore;
  private readonly server: Server;
  private readonly base: NodeJS.ProcessEnv;
  private readonly proxies: FaultyProxy[] = [];

  private constructor(server: Server, store: ObjectStore, environment: NodeJS.ProcessEnv) {
    this.server = server;
    this.base = environment;
    this.store = store;
    this.place = store.place;
  }

  /** @param planned folder of a plan, which is copied into the store @param base environment of the processes that use it */
  static async start(planned: string, base: NodeJS.ProcessEnv): Promise<ShardsStore> {
    const server = await start();
    const keepServer = whenStopped(() => server.stop());
    try {
      const environment = { ...server.environment, AWS_ENDPOINT_URL: server.address };
      const store = await openStore(`s3://${server.bucket}/shards`, { environment, reporter: silentReporter });
      const source = await storeIn(planned);
      for await (const { key } of source.list('')) await store.put(key, { file: join(planned, key) });
      return new ShardsStore(server, store, base);
    } catch (error) {
      await server.stop();
      throw error;
    } finally {
      keepServer();
    }
  }

  get serverName(): string {
    return this.server.name;
  }

  /** @param onRequest hears of every request that reaches the store */
  async endpoint(onRequest: (method: string, path: string) => void = () => {}): Promise<Endpoint> {
    const proxy = await FaultyProxy.start(this.server.address);
    this.proxies.push(proxy);
    proxy.faults = ({ method, path }) => {
      if (this.isFailing) {
        this.refused++;
        return { kind: 'status', status: 503 };
      }
      onRequest(method, path);
      return undefined;
    };
    const environment = { ...this.base, ...UNSET, ...this.server.environment, AWS_ENDPOINT_URL: proxy.address };
    return { environment };
  }

  async shardCount(): Promise<number> {
    return (await readPlan(this.store)).shards.length;
  }

  async stop(): Promise<void> {
    for (const proxy of this.proxies) await proxy.stop();
    await this.server.stop();
  }
}

/** SHA-256 of the records of finished shards and of the router, by key. */
export type Records = Readonly<Record<string, string>>;

export async function recordsOf(store: ObjectStore): Promise<Records> {
  const { shards } = await readPlan(store);
  const records: Record<string, string> = {};
  for (const key of [...Array.from(shards.keys(), shardKey), ROUTER_KEY]) {
    const found = await store.get(key);
    if (found !== undefined) records[key] = createHash('sha256').update(found.content).digest('hex');
  }
  return records;
}

/** Records that are in one of two places alone, or have other bytes there. */
export const differing = (a: Records, b: Records): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => a[key] !== b[key]);

export interface Contents {
  /** Pictures of the plan that are in no shard. */
  readonly leftOut: number;
  /** Objects that records name, and those of them that are missing or have other bytes than their names say. */
  readonly objects: number;
  readonly damaged: number;
}

/** Reads every object of every shard. */
export async function contentsOf(store: ObjectStore): Promise<Contents> {
  const plan = await readPlan(store);
  const files = new Map<string, Pick<ShardFile, 'bytes' | 'sha256'>>();
  let pictures = 0;
  for (const shard of plan.shards.keys()) {
    const record = await findShard(store, plan, shard);
    pictures += record?.pictures ?? 0;
    for (const file of [...(record?.files ?? []), ...(record === undefined ? [] : [record.cells])])
      files.set(file.sha256, file);
  }
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
  let damaged = 0;
  try {
    for (const file of files.values())
      await downloadContent(store, file, join(folder, 'object')).catch((error: unknown) => {
        if (!(error instanceof NeurodexError && error.code.startsWith('object-'))) throw error;
        damaged++;
      });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { leftOut: plan.catalogue - pictures, objects: files.size, damaged };
}
