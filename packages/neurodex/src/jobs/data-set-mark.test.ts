import { expect, it } from 'vitest';
import type { Dataset } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import { markOf, otherDataset } from './data-set-mark.ts';

const dataset = (pictures: number, read: (i: number) => Promise<Uint8Array>, source = '/pictures'): Dataset => ({
  name: 'folder',
  source,
  notices: [],
  skipped: [],
  pictures: Array.from({ length: pictures }, (_, i) => ({ path: `${i}.png`, labels: [], read: () => read(i) })),
});
const sound = async (i: number) => Uint8Array.of(i);

it('tells another data set by its names and by its contents, and looks into few files', async () => {
  let reads = 0;
  const counted = async (i: number) => {
    reads++;
    return sound(i);
  };
  const mark = await markOf(dataset(1000, counted));
  expect(reads).toBeLessThan(20);
  expect(otherDataset(mark, await markOf(dataset(1000, sound, '/elsewhere')))).toBeUndefined();
  expect(otherDataset(mark, await markOf(dataset(999, sound)))).toBe('/pictures: 999 pictures where there were 1000');
  const other = await markOf(dataset(1000, async (i) => Uint8Array.of(i, 1), '/elsewhere'));
  expect(otherDataset(mark, other)).toBe('/elsewhere instead of /pictures: the same names with other pictures');
});

it('says nothing of a picture that cannot be read at the time', async () => {
  const broken = async (i: number) => {
    if (i === 0) throw new NeurodexError('picture-missing', '0.png is not there');
    return sound(i);
  };
  const [mark, now] = [await markOf(dataset(5, sound)), await markOf(dataset(5, broken))];
  expect(otherDataset(mark, now)).toBeUndefined();
  expect(otherDataset(now, mark)).toBeUndefined();
  expect(otherDataset(now, await markOf(dataset(5, async (i) => Uint8Array.of(i, 1))))).toContain('other pictures');
});

it('reads no picture of a remote data set: its files have checksums', async () => {
  const unread = () => Promise.reject(new Error('was read'));
  const remote = (version: string): Dataset => ({
    ...dataset(9, unread),
    remote: true,
    inputs: async () => [{ name: 'train.parquet', version }],
  });
  expect(otherDataset(await markOf(remote('a')), await markOf(remote('a')))).toBeUndefined();
  expect(otherDataset(await markOf(remote('a')), await markOf(remote('b')))).toBeDefined();
});
