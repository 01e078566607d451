import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Needle, scanFile } from './scan-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-scan-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function placesOf(content: Uint8Array | string, ...needles: Needle[]): Promise<(number | undefined)[]> {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const { bytes, hits } = await scanFile(path, needles);
  expect(bytes).toBe(Buffer.byteLength(content));
  return needles.map((needle) => hits.find((hit) => hit.needle === needle)?.at);
}

const name = (text: string): Needle => ({ what: 'name', bytes: Buffer.from(text), whole: true });
const bytes = (text: string): Needle => ({ what: 'file', bytes: Buffer.from(text) });

describe('a scan', () => {
  it('finds the first place of each of several', async () => {
    expect(await placesOf('one two three two', bytes('two'), bytes('three'), bytes('four'))).toEqual([4, 8, undefined]);
    expect(await placesOf('', bytes('x'))).toEqual([undefined]);
  });

  it('finds a name as a whole, and not as a part of another', async () => {
    expect(await placesOf('{"path":"a/11.png","b":"a/1.png"}', name('a/1.png'), name('1.png'))).toEqual([
      24,
      undefined,
    ]);
    expect(await placesOf('11.png 1.png', name('1.png'))).toEqual([7]);
    expect(await placesOf('1.png.bak', name('1.png'))).toEqual([undefined]);
  });

  it('finds what lies across the border of what is read at a time', async () => {
    const border = 1 << 24;
    for (const at of [border - 3, border - 1, border, border + 1, 2 * border - 2]) {
      const content = new Uint8Array(2 * border + 100);
      content.set(Buffer.from('needle'), at);
      expect(await placesOf(content, bytes('needle'))).toEqual([at]);
    }
  });
});
