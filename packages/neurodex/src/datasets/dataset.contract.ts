import { expect, it } from 'vitest';
import { decodePicture } from '../image/decode.ts';
import { type Dataset, ROLES } from './dataset.ts';

/** What every data set promises, whoever provides it. */
export function datasetContract(open: () => Promise<Dataset>): void {
  it('lists unique relative paths by code units, the same ones every time', async () => {
    const first = await open();
    const paths = first.pictures.map((picture) => picture.path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths).toEqual([...new Set(paths)].sort());
    for (const path of paths) expect(path).not.toMatch(/^\/|\\|(^|\/)\.\.?(\/|$)/);
    const again = await open();
    expect(again.pictures.map(({ read: _, ...picture }) => picture)).toEqual(
      first.pictures.map(({ read: _, ...picture }) => picture),
    );
  });

  it('gives a role to every picture or to none, and says who made the pictures and what was passed over', async () => {
    const { pictures, notices, skipped } = await open();
    const roles = pictures.map((picture) => picture.role).filter((role) => role !== undefined);
    expect([0, pictures.length]).toContain(roles.length);
    for (const role of roles) expect(ROLES).toContain(role);
    for (const notice of notices) for (const text of Object.values(notice)) expect(text).not.toBe('');
    for (const { path, reason } of skipped) expect(path.length * reason.length).toBeGreaterThan(0);
  });

  it('reads pictures that can be decoded, the same bytes each time', async () => {
    for (const { path, read } of (await open()).pictures.slice(0, 5)) {
      const bytes = await read();
      expect(await read()).toEqual(bytes);
      const { pixels } = await decodePicture(bytes, { size: 8, maxPixels: 1_000_000, name: path });
      expect(pixels).toHaveLength(8 * 8 * 3);
    }
  });
}
