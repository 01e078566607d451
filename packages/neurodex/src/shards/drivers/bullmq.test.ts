import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { silentReporter } from '@neurodex/core';
import { nodeFlags } from '@neurodex/core/workers';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bullmqDriver } from './bullmq.ts';
import { driverContract } from './driver.contract.ts';
import { queueName } from './open-queue.ts';
import { finishedAt, PlannedPlace, requestFor, taskProcesses, until } from './planned-place.fixture.ts';
import {
  findPostgres,
  findRedis,
  MISSING_POSTGRES,
  MISSING_REDIS,
  PostgresServer,
  RedisServer,
} from './queue-servers.fixture.ts';
import { TEST_TIMES } from './test-times.fixture.ts';

const redis = findRedis();
const postgres = findPostgres();
const driver = bullmqDriver(TEST_TIMES);
const WORKER = new URL('./work-process.fixture.ts', import.meta.url);

/** `neurodex shards work` on another machine. */
const startWorker = (place: string, queue: string): ChildProcess =>
  spawn(process.execPath, [...nodeFlags(WORKER), fileURLToPath(WORKER), place, queue], { stdio: 'inherit' });
const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve));

describe.skipIf(redis === undefined)(`a queue in Redis${redis === undefined ? `: ${MISSING_REDIS}` : ''}`, () => {
  let server: RedisServer;
  let planned: PlannedPlace;
  beforeAll(async () => {
    server = await RedisServer.start(redis ?? '');
    planned = await PlannedPlace.create();
  }, 240_000);
  afterAll(async () => {
    await server?.stop();
    await planned?.remove();
  });

  driverContract({ name: 'bullmq', driver, queue: async () => server.address() });

  it('gives the task of a worker that was killed to another one, and leaves nothing in the queue', async () => {
    const place = planned.copy();
    const queue = server.address();
    const running = driver.run(await requestFor(place, { queue, workers: 0 }));
    const first = startWorker(place, queue);
    await until('a task', () => taskProcesses(first.pid).length > 0);
    first.kill('SIGKILL');
    const others = [startWorker(place, queue), startWorker(place, queue)];
    await Promise.all([running, ...others.map(ended)]);
    expect(others.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(Object.keys(finishedAt(place))).toHaveLength(PlannedPlace.SHARDS + 1);
    expect(server.keys(queue)).toEqual([]);
  }, 240_000);

  it('is filled again after Redis has lost everything', async () => {
    const place = planned.copy();
    const queue = server.address();
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const running = driver.run(await requestFor(place, { queue, workers: 1, reporter }));
    await until('a task', () => taskProcesses().length > 0);
    await server.kill();
    await until('a warning', () => warnings.some((warning) => warning.includes('is waited for')));
    await server.begin();
    await running;
    expect(Object.keys(finishedAt(place))).toHaveLength(PlannedPlace.SHARDS + 1);
    expect(warnings.join('\n')).not.toContain(RedisServer.PASSWORD);
  }, 240_000);

  it('holds each task once however often it is filled, and tasks of other plans are not met', async () => {
    const place = planned.copy();
    const queue = server.address();
    const request = await requestFor(place, { queue, workers: 0 });
    const name = queueName(request.plan.digest);
    const stale = new Queue('neurodex-of-another-plan', { connection: { url: queue } });
    await stale.add('shard 0', { task: { kind: 'train', shard: 0 } }, { jobId: 'shard-0' });
    const tasks = new Queue(name, { connection: { url: queue } });
    const stopping = new AbortController();
    const waiting = [1, 2].map(() => driver.run({ ...request, signal: stopping.signal }).catch(() => {}));
    while ((await tasks.getWaitingCount()) === 0) await new Promise((resolve) => setTimeout(resolve, TEST_TIMES.look));
    await new Promise((resolve) => setTimeout(resolve, 3 * TEST_TIMES.look));
    expect(await tasks.getJobCounts('waiting', 'waiting-children', 'active', 'delayed')).toMatchObject({
      ...{ waiting: PlannedPlace.SHARDS, 'waiting-children': 1, active: 0, delayed: 0 },
    });
    stopping.abort();
    await Promise.all(waiting);
    await driver.run({ ...request, workers: 1 });
    expect(await stale.getWaitingCount()).toBe(1);
    await Promise.all([stale.close(), tasks.close()]);
  }, 240_000);

  it('that is not there is named without its password', async () => {
    const request = await requestFor(planned.copy(), { queue: server.address().replace('opensesame', 'wrong-secret') });
    const refused = bullmqDriver({ ...TEST_TIMES, patience: 3000 }).run(request);
    await expect(refused).rejects.toMatchObject({ code: 'queue-unreachable' });
    await expect(refused).rejects.toThrow(/^the queue redis:\/\/127\.0\.0\.1:\d+\/\d+ does not answer: (?!.*secret)/);
  });
});

describe.skipIf(postgres === undefined)(
  `a queue in PostgreSQL${postgres === undefined ? `: ${MISSING_POSTGRES}` : ''}`,
  () => {
    let server: PostgresServer;
    beforeAll(async () => {
      if (postgres !== undefined) server = await PostgresServer.start(postgres);
    }, 240_000);
    afterAll(() => server?.stop());

    driverContract({ name: 'bullmq', driver, queue: async () => server.address() });
  },
);
