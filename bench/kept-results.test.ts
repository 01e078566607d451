import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { KeptResults } from './kept-results.ts';

const folder = mkdtempSync(join(tmpdir(), 'neurodex-kept-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const schema = z.object({ seconds: z.number() });

/** Measures 1, 2, 3 … seconds. */
function counted(name: string) {
  let seconds = 0;
  const log: string[] = [];
  const kept = new KeptResults(folder, (line) => void log.push(line));
  const of = (settings: Record<string, number>, isThere?: () => boolean) =>
    kept.of(name, { schema, settings, ...(isThere && { isThere }) }, async () => ({ seconds: ++seconds }));
  return { of, log };
}

test('a result is kept as long as the settings are the same, for other processes too', async () => {
  const { of, log } = counted('same');
  expect(await of({ kills: 20 })).toEqual({ seconds: 1 });
  expect(await of({ kills: 20 })).toEqual({ seconds: 1 });
  expect(log).toEqual(['same', 'same: measured before']);
  expect(await counted('same').of({ kills: 20 })).toEqual({ seconds: 1 });
  expect(await of({ kills: 21 })).toEqual({ seconds: 2 });
  expect(await of({ kills: 20 })).toEqual({ seconds: 3 });
  expect(JSON.parse(readFileSync(join(folder, 'same.json'), 'utf8'))).toEqual({
    settings: { kills: 20 },
    result: { seconds: 3 },
  });
});

test('a result whose files are gone, or that has another shape, is measured again', async () => {
  const { of } = counted('gone');
  expect(await of({})).toEqual({ seconds: 1 });
  expect(await of({}, () => false)).toEqual({ seconds: 2 });
  writeFileSync(join(folder, 'gone.json'), JSON.stringify({ settings: {}, result: { minutes: 1 } }));
  expect(await of({})).toEqual({ seconds: 3 });
});

test('a measurement that failed is not kept', async () => {
  const kept = new KeptResults(folder, () => {});
  const options = { schema, settings: {} };
  await expect(kept.of('failed', options, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await kept.of('failed', options, async () => ({ seconds: 7 }))).toEqual({ seconds: 7 });
});
