import { describe, expect, it } from 'vitest';
import type { Jobs } from './jobs.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

const status = { place: '/p', plan: 'ab', created: '', neurodex: '', catalogue: 2, shards: [], searchable: true };

describe('shards train', () => {
  const trained: unknown[] = [];
  const jobs: Partial<Jobs> = {
    runShardTask: async ({ place, task }) => {
      trained.push(task);
      return { place, task, done: true };
    },
  };

  it('takes its number from Kubernetes where none is named', async () => {
    const io = { env: { JOB_COMPLETION_INDEX: '3' } };
    expect((await runCli(['shards', 'train', 's3://a/b'], { jobs, io })).status).toBe(0);
    expect((await runCli(['shards', 'train', 's3://a/b', '1'], { jobs, io })).status).toBe(0);
    expect(trained).toEqual([
      { kind: 'train', shard: 3 },
      { kind: 'train', shard: 1 },
    ]);
  });

  it('is refused without one, and with what is none', async () => {
    const refused = await runCli(['shards', 'train', 's3://a/b', '--json']);
    expect([refused.status, jsonError(refused).code]).toEqual([2, 'usage']);
    const io = { env: { JOB_COMPLETION_INDEX: 'x' } };
    expect((await runCli(['shards', 'train', 's3://a/b'], { io })).status).toBe(2);
  });
});

describe('queues of shards', () => {
  it('are handed on as they are', async () => {
    const seen: unknown[] = [];
    const jobs: Partial<Jobs> = {
      runShards: async ({ driver, queue, workers }) => {
        seen.push({ driver, queue, workers });
        return status;
      },
      workShards: async ({ queue, workers, untilDone }) => {
        seen.push({ queue, workers, untilDone });
        return status;
      },
    };
    const queue = 'redis://:secret@queue:6379';
    const run = ['shards', 'run', 's3://a/b', '--driver', 'bullmq', '--queue', queue, '--workers', '0'];
    const outcomes = [
      await runCli(run, { jobs }),
      await runCli(['shards', 'work', 's3://a/b', '--queue', queue], { jobs }),
    ];
    expect(outcomes.map((outcome) => outcome.status)).toEqual([0, 0]);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
    expect(seen).toEqual([
      { driver: 'bullmq', queue, workers: 0 },
      { queue, workers: 2, untilDone: false },
    ]);
  });

  it('are needed to take shards from, and by one driver alone', async () => {
    expect((await runCli(['shards', 'work', 's3://a/b'])).status).toBe(2);
    const { runShards } = await import('../jobs/shards.ts');
    for (const [args, words] of [
      [['--driver', 'bullmq'], 'needs the address of a queue'],
      [['--queue', 'redis://queue'], 'has no queue'],
      [['--workers', '0'], 'has no queue'],
    ] as const) {
      const refused = await runCli(['shards', 'run', 's3://a/b', ...args], { jobs: { runShards } });
      expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });
});

it('shards manifest prints what kubectl reads', async () => {
  const manifest = { apiVersion: 'v1', kind: 'List', items: [{ kind: 'Job' }] } as const;
  const jobs: Partial<Jobs> = { shardsManifest: async () => manifest };
  const { stdout } = await runCli(['shards', 'manifest', 's3://a/b', '--kubernetes', '--parallelism', '2'], { jobs });
  expect(JSON.parse(stdout)).toEqual(manifest);
});
