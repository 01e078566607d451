import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { placeOfListed, recoverNext, settleNext, writeNext } from './next-file.ts';
import { removeTorn, replaceFile } from './replace-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-next-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const listed = (text: string) => ({
  bytes: text.length,
  sha256: createHash('sha256').update(text).digest('hex'),
});

describe('a file that is replaced', () => {
  it('has its new content, and nothing is left beside it', async () => {
    writeFileSync(at('a'), 'old');
    await replaceFile(at('a'), 'new');
    await replaceFile(at('b'), Uint8Array.of(1, 2));
    expect(readFileSync(at('a'), 'utf8')).toBe('new');
    expect([...readFileSync(at('b'))]).toEqual([1, 2]);
    expect(readdirSync(folder)).toEqual(['a', 'b']);
  });

  it('is as it was where it cannot be replaced, and what a killed process left is cleared up', async () => {
    await expect(replaceFile(at('gone/a'), 'new')).rejects.toMatchObject({ code: 'output-unwritable' });
    writeFileSync(at('a'), 'old');
    writeFileSync(at('a.new'), 'half');
    await removeTorn(at('a'));
    await removeTorn(at('nothing'));
    expect(readdirSync(folder)).toEqual(['a']);
    chmodSync(folder, 0o500);
    try {
      // Root may write anywhere.
      if (process.getuid?.() !== 0)
        await expect(replaceFile(at('a'), 'new')).rejects.toMatchObject({ code: 'output-unwritable' });
    } finally {
      chmodSync(folder, 0o700);
    }
    expect(readFileSync(at('a'), 'utf8').length).toBeGreaterThan(0);
  });
});

describe('a file that another one lists', () => {
  it('is found under either name, by its digest', async () => {
    writeFileSync(at('a'), 'old');
    expect(await placeOfListed(at('a'), listed('old'))).toBe(at('a'));
    await writeNext(at('a'), 'new');
    expect(await placeOfListed(at('a'), listed('old'))).toBe(at('a'));
    expect(await placeOfListed(at('a'), listed('new'))).toBe(at('a.next'));
    // Of the same length and of other contents.
    expect(await placeOfListed(at('a'), listed('odd'))).toBe(at('a'));
    await settleNext(at('a'));
    expect([readdirSync(folder), readFileSync(at('a'), 'utf8')]).toEqual([['a'], 'new']);
  });

  it.each([
    ['gets its name where it is listed', listed('new'), 'new'],
    ['is deleted where it is not', listed('old'), 'old'],
    ['is deleted where nothing is listed', undefined, 'old'],
  ])('after a change that was cut off %s', async (_, list, content) => {
    writeFileSync(at('a'), 'old');
    await writeNext(at('a'), 'new');
    writeFileSync(at('a.next.new'), 'half');
    await recoverNext(at('a'), list);
    expect([readdirSync(folder), readFileSync(at('a'), 'utf8')]).toEqual([['a'], content]);
    await recoverNext(at('a'), list);
    expect(existsSync(at('a'))).toBe(true);
  });
});
