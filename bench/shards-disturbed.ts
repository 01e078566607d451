import { setTimeout } from 'node:timers/promises';
import { Random } from '@neurodex/autograd';
import { z } from 'zod';
import { RedisServer } from '../packages/neurodex/src/shards/drivers/queue-servers.fixture.ts';
import { cpuSecondsOf } from './processes.ts';
import { StepLog, stepOf } from './shards-steps.ts';
import { contentsOf, recordsOf, ShardsStore } from './shards-store.ts';
import { runProgram, SupervisedWorker, withTemporary } from './shards-worker.ts';
import { whenStopped } from './stopping.ts';

const WORKERS = 2;
/** Milliseconds between two looks at the workers. */
const LOOK = 20;
/** Every so many kills, a whole worker goes, as when its machine is gone, and not only the process of its task. */
const WHOLE = 4;
/** Milliseconds for which Redis is away when it is restarted. */
const AWAY = 2000;
/** Kills while the store fails, at most: the others are to hit workers that do something. */
const OUTAGE_KILLS = 1;
/** Times that the command may be given again beside once for each kill. */
const MOST_AGAIN = 10;

export interface Disturbances {
  /** Workers that are killed with SIGKILL, and seconds between two kills on average. */
  readonly kills: number;
  readonly spacing: number;
  /** Seconds that a task has been seen to work for when its worker is killed, at most: about a checkpoint interval. */
  readonly within: number;
  /** Times that Redis is killed, and started with nothing in it. */
  readonly restarts: number;
  /** Seconds for which the store refuses every request. */
  readonly outage: number;
}

export const NONE: Disturbances = { kills: 0, spacing: 1, within: 0, restarts: 0, outage: 0 };

export const disturbedSchema = z.object({
  /** Of S3. */
  server: z.string(),
  seconds: z.number(),
  kills: z.int(),
  /** Kills of a whole worker rather than of the process of its task alone. */
  workersKilled: z.int(),
  /** Times that `shards run` was given again, because one shard was killed too often. */
  again: z.int(),
  /** Times that Redis was restarted. */
  restarts: z.int(),
  /** Seconds that the store failed for, and requests that it refused. */
  outageSeconds: z.number(),
  refused: z.int(),
  /** Processor time that each killed worker had used since its last checkpoint. */
  lostCpuSeconds: z.array(z.number()),
  /** The most processor time between two checkpoints of a shard, or between one and its beginning or end. */
  checkpointCpuSeconds: z.number(),
  records: z.record(z.string(), z.string()),
  /** Pictures in no shard. */
  leftOut: z.int(),
  objects: z.int(),
  damaged: z.int(),
});
export type DisturbedRun = z.infer<typeof disturbedSchema>;

/**
 * Makes the shards of a plan in an S3 store with two workers that take tasks from a queue in Redis, and disturbs them: workers are
 * killed at random moments, Redis loses all that it holds, the store fails.
 * @param planned folder of the plan @param redis the program
 */
export const runDisturbed = (
  planned: string,
  disturbances: Disturbances,
  { redis, log }: { readonly redis: string; readonly log: (line: string) => void },
): Promise<DisturbedRun> =>
  withTemporary(async (environment) => {
    const server = await RedisServer.start(redis);
    const keepServer = whenStopped(() => server.stop());
    try {
      const store = await ShardsStore.start(planned, environment);
      const keepStore = whenStopped(() => store.stop());
      try {
        const run = await QueuedRun.start(server, store, disturbances, log);
        const found = await run.end();
        return { ...found, records: await recordsOf(store.store), ...(await contentsOf(store.store)) };
      } finally {
        keepStore();
        await store.stop();
      }
    } finally {
      keepServer();
      await server.stop();
    }
  });

interface Victim {
  readonly worker: SupervisedWorker;
  readonly pid: number;
}

interface Parts {
  readonly redis: RedisServer;
  readonly store: ShardsStore;
  readonly queue: string;
  readonly steps: StepLog;
  readonly workers: readonly SupervisedWorker[];
  readonly shards: number;
}

class QueuedRun {
  private readonly parts: Parts;
  private readonly disturbances: Disturbances;
  private readonly log: (line: string) => void;
  private readonly random = Random.seeded(21);
  private readonly lost: number[] = [];
  private workersKilled = 0;
  private outageKills = 0;
  private again = 0;
  private restarts = 0;
  private outageSeconds = 0;
  private isOver = false;

  private constructor(parts: Parts, disturbances: Disturbances, log: (line: string) => void) {
    this.parts = parts;
    this.disturbances = disturbances;
    this.log = log;
  }

  static async start(
    redis: RedisServer,
    store: ShardsStore,
    disturbances: Disturbances,
    log: (line: string) => void,
  ): Promise<QueuedRun> {
    const queue = redis.address();
    const steps = new StepLog();
    const workers: SupervisedWorker[] = [];
    const shards = await store.shardCount();
    for (let i = 0; i < WORKERS; i++) {
      // A proxy of its own says which worker a request is from.
      const { environment } = await store.endpoint((method, path) => {
        const step = stepOf(method, path);
        const [pid] = step === undefined ? [] : (workers[i]?.tasks() ?? []);
        const cpuSeconds = pid === undefined ? undefined : cpuSecondsOf(pid);
        if (step === undefined || pid === undefined || cpuSeconds === undefined) return;
        steps.add({ ...step, pid, cpuSeconds });
      });
      const args = ['shards', 'work', store.place, '--queue', queue, '--workers', '1', '--until-done', '--quiet'];
      workers.push(new SupervisedWorker({ args, environment }));
    }
    return new QueuedRun({ redis, store, queue, steps, workers, shards }, disturbances, log);
  }

  async end() {
    const { store, steps, workers } = this.parts;
    const began = performance.now();
    const disturbing = Promise.all([this.kill(), this.disturb()]);
    // A Redis that does not come back would be waited for without end.
    const failed = new Promise<never>((_, reject) => {
      disturbing.catch(reject);
    });
    try {
      await Promise.race([this.coordinate(), failed]);
    } finally {
      this.isOver = true;
      await Promise.all([disturbing, ...workers.map((worker) => worker.close())]);
    }
    return {
      ...{ server: store.serverName, seconds: (performance.now() - began) / 1000, refused: store.refused },
      ...{ kills: this.lost.length, workersKilled: this.workersKilled, again: this.again, restarts: this.restarts },
      ...{ outageSeconds: this.outageSeconds, lostCpuSeconds: this.lost, checkpointCpuSeconds: steps.longestInterval },
    };
  }

  /** Gives `shards run` until the place can be searched. */
  private async coordinate(): Promise<void> {
    const { store, queue } = this.parts;
    const { environment } = await store.endpoint();
    const args = ['shards', 'run', store.place, '--driver', 'bullmq', '--queue', queue, '--workers', '0', '--quiet'];
    for (;;) {
      const { status, errors } = await runProgram({ args, environment }).ended;
      if (status === 0) return;
      this.again++;
      this.log(`the run ended with ${status} and is given again: ${errors.trim()}`);
      if (this.again > this.disturbances.kills + MOST_AGAIN) throw new Error(`the shards were not made: ${errors}`);
    }
  }

  private async kill(): Promise<void> {
    const { kills, spacing, within } = this.disturbances;
    while (!this.isOver && this.lost.length < kills) {
      await this.sleep(2 * spacing * this.random.uniform(), () => this.isBehind);
      while (!this.isOver) {
        await setTimeout(LOOK);
        const victim = this.victim();
        if (victim === undefined) continue;
        await this.sleep(within * this.random.uniform());
        if (this.killOne(victim)) break;
      }
    }
  }

  /** Whether more of the shards are there than of the kills: then there may be no time for all of them. */
  private get isBehind(): boolean {
    const { steps, shards } = this.parts;
    return this.lost.length * shards < this.disturbances.kills * steps.committed;
  }

  /** One of the processes that are in the middle of a task. */
  private victim(): Victim | undefined {
    const { steps, workers, store } = this.parts;
    if (store.isFailing && this.outageKills >= OUTAGE_KILLS) return undefined;
    const working = workers.flatMap((worker) =>
      worker
        .tasks()
        .filter((pid) => steps.isWorking(pid))
        .map((pid) => ({ worker, pid })),
    );
    return working[this.random.integer(Math.max(1, working.length))];
  }

  /** @returns whether the process was still in the middle of a task */
  private killOne({ worker, pid }: Victim): boolean {
    const { steps, store } = this.parts;
    const cpuSeconds = cpuSecondsOf(pid);
    if (cpuSeconds === undefined || !steps.isWorking(pid)) return false;
    const isWhole = this.lost.length % WHOLE === WHOLE - 1;
    worker.kill(pid, isWhole);
    if (isWhole) this.workersKilled++;
    if (store.isFailing) this.outageKills++;
    this.lost.push(steps.since(pid, cpuSeconds));
    this.log(`kill ${this.lost.length} of ${this.disturbances.kills}${isWhole ? ', of a whole worker' : ''}`);
    return true;
  }

  /** Redis is restarted and the store fails in turn, as the shards become more: the run is in the middle then. */
  private async disturb(): Promise<void> {
    const { restarts, outage } = this.disturbances;
    const first = Math.ceil(restarts / 2);
    const events = [
      ...Array.from({ length: first }, () => () => this.restartRedis()),
      ...(outage > 0 ? [() => this.failStore(outage)] : []),
      ...Array.from({ length: restarts - first }, () => () => this.restartRedis()),
    ];
    for (const [i, event] of events.entries()) {
      const due = Math.floor(((i + 1) * this.parts.shards) / (events.length + 1));
      while (this.parts.steps.committed < due) {
        if (this.isOver) return;
        await setTimeout(LOOK);
      }
      await event();
    }
  }

  private async restartRedis(): Promise<void> {
    this.log('Redis is restarted, with nothing in it');
    await this.parts.redis.kill();
    await setTimeout(AWAY);
    await this.parts.redis.begin();
    this.restarts++;
  }

  private async failStore(seconds: number): Promise<void> {
    const { store } = this.parts;
    this.log(`the store fails for ${seconds} s`);
    const began = performance.now();
    store.isFailing = true;
    await this.sleep(seconds);
    store.isFailing = false;
    this.outageSeconds += (performance.now() - began) / 1000;
  }

  /** Ends early when the run is over, or something else is so. */
  private async sleep(seconds: number, isEnough: () => boolean = () => false): Promise<void> {
    const end = performance.now() + 1000 * seconds;
    while (!this.isOver && !isEnough() && performance.now() < end)
      await setTimeout(Math.min(LOOK, end - performance.now()));
  }
}
