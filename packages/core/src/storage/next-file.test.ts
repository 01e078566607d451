import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openListed, recoverNext, settleNext, writeNext } from './next-file.ts';
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
  const opened = async (text: string) => {
    const file = await openListed(at('a'), listed(text));
    return [file.path, Buffer.from(await file.slice(0)).toString()];
  };

  it('is found under either name, by its digest', async () => {
    writeFileSync(at('a'), 'old');
    expect(await opened('old')).toEqual([at('a'), 'old']);
    await writeNext(at('a'), 'new');
    expect(await opened('old')).toEqual([at('a'), 'old']);
    expect(await opened('new')).toEqual([at('a.next'), 'new']);
    // Of the same length and of other contents.
    await expect(opened('odd')).rejects.toMatchObject({ code: 'index-damaged' });
    await settleNext(at('a'));
    expect([readdirSync(folder), readFileSync(at('a'), 'utf8')]).toEqual([['a'], 'new']);
  });

  it('is found though it gets its name at any moment of being opened', async () => {
    for (let round = 0; round < 200; round++) {
      writeFileSync(at('a'), 'old');
      await writeNext(at('a'), 'new');
      const opening = openListed(at('a'), listed('new'));
      // From before the first turn of the event loop to long after the last.
      for (let turn = 0; turn < round % 40; turn++) await new Promise(setImmediate);
      renameSync(at('a.next'), at('a'));
      const file = await opening;
      expect(Buffer.from(await file.slice(0)).toString()).toBe('new');
      await file.close();
    }
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
