import { expect, it } from 'vitest';
import { decodePicture } from '../image/decode.ts';
import { type Dataset, ROLES } from './dataset.ts';
import { skippedKinds } from './skipped.ts';
import { classWarnings } from './warnings.ts';

export interface ContractOptions {
  /** Files, rows or lines that the source holds, blank ones left out. */
  readonly entries?: number;
}

/** What every data set promises, whoever provides it. */
export function datasetContract(open: () => Promise<Dataset>, { entries }: ContractOptions = {}): void {
  it('lists unique relative paths by code units, the same ones every time', async () => {
    const first = await open();
    const paths = first.pictures.map((picture) => picture.path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths).toEqual([...new Set(paths)].sort());
    for (const path of paths) expect(path).not.toMatch(/^\/|\\|(^|\/)\.\.?(\/|$)/);
    const again = await open();
    const listed = ({ pictures }: Dataset) => pictures.map(({ read: _, decoded: __, ...picture }) => picture);
    expect(listed(again)).toEqual(listed(first));
    expect(await again.inputs?.()).toEqual(await first.inputs?.());
  });

  it('gives a role to every picture or to none, and says who made the pictures and what was passed over', async () => {
    const { pictures, notices, skipped } = await open();
    const roles = pictures.map((picture) => picture.role).filter((role) => role !== undefined);
    expect([0, pictures.length]).toContain(roles.length);
    for (const role of roles) expect(ROLES).toContain(role);
    for (const notice of notices) for (const text of Object.values(notice)) expect(text).not.toBe('');
    for (const { path, reason } of skipped) expect(path.length * reason.length).toBeGreaterThan(0);
  });

  it('uses or counts everything, and says how it was read', async () => {
    const { pictures, skipped, layout = [], name } = await open();
    if (entries !== undefined) expect(pictures.length + skipped.length).toBe(entries);
    const kinds = skippedKinds(skipped);
    expect(kinds.reduce((sum, { count }) => sum + count, 0)).toBe(skipped.length);
    for (const { kind } of kinds) expect(kind.trim()).not.toBe('');
    for (const { message } of layout) expect(message).toMatch(/^\S.*[^.\s]$/);
    // Labels from which nothing is learned are never passed on in silence.
    const names = new Set(pictures.flatMap(({ labels }) => labels));
    const codes = classWarnings(pictures, name).map(({ code }) => code);
    expect(codes.includes('no-labels')).toBe(names.size === 0);
    expect(codes.includes('one-class')).toBe(names.size === 1 && pictures.every(({ labels }) => labels.length > 0));
  });

  it('says what can be seen in words and boxes that make sense', async () => {
    for (const { labels, captions = [], objects = [], dimensions } of (await open()).pictures) {
      expect(labels).toEqual([...new Set(labels)]);
      for (const text of [...labels, ...captions]) expect(text.trim()).not.toBe('');
      for (const { category, box, area } of objects) {
        expect(labels).toContain(category);
        expect(Math.min(box[2], box[3])).toBeGreaterThan(0);
        expect(area).toBeGreaterThanOrEqual(0);
      }
      if (dimensions !== undefined) expect(dimensions.width * dimensions.height).toBeGreaterThan(0);
    }
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
