import { expect, test } from 'vitest';
import { runBenchmark } from './harness.ts';

async function run(...argv: string[]) {
  const printed: string[] = [];
  const logged: string[] = [];
  const status = await runBenchmark(argv, {
    folder: new URL('fixtures/', import.meta.url),
    print: (report) => void printed.push(report),
    log: (message) => void logged.push(message),
  });
  return { status, printed, log: logged.join('\n') };
}

test('a benchmark prints one JSON object and keeps its progress apart', async () => {
  const { status, printed, log } = await run('sums', '--rounds', '5');
  expect(status).toBe(0);
  expect(printed).toHaveLength(1);
  const report = JSON.parse(printed[0] ?? '');
  expect(Object.keys(report)).toEqual(['name', 'machine', 'sides', 'ratios', 'targets']);
  expect(report.name).toBe('sums');
  expect(report.machine.cores).toBeGreaterThan(0);
  expect(report.machine.node).toBe(process.version);
  expect(report.sides.ours).toEqual({ seconds: 2, rounds: '5' });
  expect(report.ratios).toEqual({ 'ours/theirs': 0.5 });
  expect(report.targets).toEqual([{ name: 'no slower', value: 0.5, direction: 'at most', bound: 1, met: true }]);
  expect(log).toContain('running');
});

test('a missing side is said twice, and its target is neither met nor missed', async () => {
  const { status, printed, log } = await run('sums', '--without');
  expect(status).toBe(0);
  const report = JSON.parse(printed[0] ?? '');
  expect(report.sides.theirs).toEqual({ missing: 'not installed' });
  expect(report.targets[0]).toMatchObject({ value: null, met: null });
  expect(log).toContain('theirs is missing: not installed');
});

test.each([
  { argv: ['sum'], said: 'no benchmark is named sum; the nearest is sums' },
  { argv: ['helper'], said: 'no benchmark is named helper' },
  { argv: [], said: 'which benchmark?' },
  { argv: ['../main'], said: 'no benchmark is named ../main' },
])('$argv is refused with the list', async ({ argv, said }) => {
  const { status, printed, log } = await run(...argv);
  expect(status).toBe(2);
  expect(printed).toEqual([]);
  expect(log).toContain(said);
  expect(log).toContain('sums             two sides with fixed figures');
});

test('an unknown flag is refused with the known ones', async () => {
  const { status, printed, log } = await run('sums', '--round', '2');
  expect(status).toBe(2);
  expect(printed).toEqual([]);
  expect(log).toContain("'--round'");
  expect(log).toContain('flags of sums: --rounds, --without');
});
