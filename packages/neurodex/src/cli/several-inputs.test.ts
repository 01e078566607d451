import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { services } from './jobs.ts';
import { runCli } from './test-io.fixture.ts';

/** One bad input of several: the others are answered, it is named, and the exit status is 1. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-several-'));
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('q.txt', 'q1 0 d1 1\nq1 0 d2 0\n');
  await write('a.txt', 'q1 Q0 d1 1 2 t\nq1 Q0 d2 2 1 t\n');
  await write('b.txt', 'q1 Q0 d2 1 2 t\nq1 Q0 d1 2 1 t\n');
  await write('bad.txt', 'q1 Q0 d1 1\n');
  await write('empty.txt', '');
  await mkdir(join(folder, 'run'));
  await write('run/run.jsonl', '{"kind":"start","time":"2026-01-01T00:00:00Z"}\n{"kind":"step","step":1,"loss":1}\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runCli(argv, { io: { cwd: folder }, jobs: services.jobs });

describe('evaluate --run', () => {
  const argv = [
    'evaluate',
    '--run',
    'a.txt',
    '--run',
    'bad.txt',
    '--run',
    'gone.txt',
    '--run',
    'empty.txt',
    '--run',
    'b.txt',
  ];
  const flags = ['--qrels', 'q.txt', '--measures', 'P@1'];

  it('judges the others', async () => {
    const { status, stdout, stderr } = await run(...argv, ...flags);
    expect(status).toBe(1);
    expect(stdout).toMatch(/P@1\s+1\.000.*0\.000/);
    expect(stderr.match(/^error: .*$/gm)).toEqual([
      `error: ${join(folder, 'bad.txt')}, line 1: 4 fields where "query Q0 document rank score tag" has 6`,
      `error: the TREC file ${join(folder, 'gone.txt')} is not there`,
      'error: empty.txt holds no answer',
    ]);
  });

  it('lists them for programs', async () => {
    const { status, stdout, stderr } = await run(...argv, ...flags, '--json', '--quiet');
    const object = JSON.parse(stdout);
    expect([status, Object.keys(object.systems)]).toEqual([1, ['a.txt', 'b.txt']]);
    expect(object.failed.map(({ input, code }: { input: string; code: string }) => [input, code])).toEqual([
      ['bad.txt', 'trec-malformed'],
      ['gone.txt', 'source-missing'],
      ['empty.txt', 'trec-malformed'],
    ]);
    expect(stderr.trim().split('\n')).toHaveLength(3);
  });

  it('fails where none is left, naming all', async () => {
    const { status, stdout, stderr } = await run('evaluate', '--run', 'bad.txt', '--run', 'gone.txt', ...flags);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error: .*bad\.txt, line 1.*; .*gone\.txt is not there\nhint: /);
  });
});

it('compare tests the others, as long as there are two', async () => {
  const three = await run('compare', 'a.txt', 'bad.txt', 'b.txt', '--qrels', 'q.txt', '--measures', 'P@1', '--json');
  expect([three.status, JSON.parse(three.stdout).failed[0].input]).toEqual([1, 'bad.txt']);
  expect(JSON.parse(three.stdout).tests[0].systems).toEqual(['a.txt', 'b.txt']);
  const two = await run('compare', 'a.txt', 'bad.txt', '--qrels', 'q.txt');
  expect([two.status, two.stdout]).toEqual([1, '']);
  expect(two.stderr).toContain('bad.txt, line 1');
});

it('runs lists the others', async () => {
  const { status, stdout, stderr } = await run('runs', 'gone', 'run', '--json');
  expect([status, JSON.parse(stdout).runs.length, JSON.parse(stdout).failed[0].code]).toEqual([1, 1, 'run-missing']);
  expect(stderr).toContain(`there is no run log (run.jsonl) in ${join(folder, 'gone')}`);
});

it('search prints the answers, then names the queries that failed', async () => {
  const failed = [
    { input: join(folder, 'b.png'), code: 'picture-empty' as const, message: 'b.png is empty', hint: 'leave it out' },
  ];
  const results = [{ query: join(folder, 'a.png'), none: null, nothingFound: false, answers: [] }];
  const argv = ['search', 'index', 'a.png', 'b.png'];
  const text = await runCli(argv, { io: { cwd: folder }, jobs: { searchIndex: async () => ({ results, failed }) } });
  expect(text.status).toBe(1);
  expect(text.stdout).toMatch(/^a\.png\n/);
  expect(text.stderr).toBe('error: b.png is empty\nhint: leave it out\n');
});
