import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, writeSafetensors } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DescriptorFile } from './descriptor-file.ts';
import { describePicture } from './extract.ts';
import { Extractor } from './extractor.ts';
import { HistogramCounter } from './histogram.ts';
import {
  buildVocabulary,
  deserialiseVocabulary,
  fingerprint,
  pointsOf,
  serialiseVocabulary,
  type Vocabulary,
} from './vocabulary.ts';

const runtime = nodeRuntime();
let folder = '';
let files = 0;
const open: DescriptorFile[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-bovw-'));
});
afterEach(async () => {
  for (const file of open.splice(0)) await file.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(descriptors: Uint8Array): Promise<DescriptorFile> {
  const file = await DescriptorFile.create(join(folder, String(files++)));
  open.push(file);
  for (let at = 0; at < descriptors.length; at += 128 * 100)
    await file.append(descriptors.subarray(at, at + 128 * 100));
  return file;
}

/** Descriptors near one of `words` random ones. */
function descriptorsOf(n: number, words: number, seed = 1): Uint8Array {
  const random = Random.seeded(seed);
  const centres = Array.from({ length: words }, () => Array.from({ length: 128 }, () => random.integer(200)));
  return Uint8Array.from(
    Array.from({ length: n }, (_, i) => (centres[i % words] as number[]).map((x) => x + random.integer(20))).flat(),
  );
}

const settings = {
  runtime,
  words: 6,
  rootSift: false,
  restarts: 2,
  inMemory: 100_000,
};

describe('the file of descriptors', () => {
  it('gives back any run of what was put in, more than a buffer of it', async () => {
    const descriptors = descriptorsOf(9000, 3);
    const file = await fileOf(descriptors);
    expect(file.count).toBe(9000);
    expect(await file.read(8990, 9000)).toEqual(descriptors.subarray(8990 * 128));
    expect(await file.read(0, 9000)).toEqual(descriptors);
    await file.append(descriptors.subarray(0, 128));
    expect(await file.read(8999, 9001)).toEqual(
      Uint8Array.from([...descriptors.subarray(8999 * 128), ...descriptors.subarray(0, 128)]),
    );
    await expect(file.read(9000, 9002)).rejects.toThrow(RangeError);
  });

  it('names the path where it cannot be made', async () => {
    await expect(DescriptorFile.create(join(folder, 'no', 'such'))).rejects.toMatchObject({
      code: 'output-unwritable',
    });
  });
});

describe('a vocabulary', () => {
  it.each([
    ['in memory', 100_000],
    ['in mini-batches', 1024],
  ])('is the clusters of the descriptors, %s', async (_, inMemory) => {
    const descriptors = descriptorsOf(3000, 6);
    const build = async () =>
      buildVocabulary(await fileOf(descriptors), { ...settings, inMemory, random: Random.seeded(3) });
    const { vocabulary, clustering } = await build();
    // Uniform over 20 values in each of 128 places.
    expect(clustering.inertia / 3000 / 128).toBeCloseTo((20 ** 2 - 1) / 12, 0);
    const counter = new HistogramCounter(runtime, vocabulary);
    expect([...(await counter.count(descriptors, [3000]))]).toEqual(Array(6).fill(500));
    await counter.release();
    expect((await build()).vocabulary).toEqual(vocabulary);
  });

  it('of RootSIFT descriptors is another one, and counts as such', async () => {
    const descriptors = descriptorsOf(600, 6);
    const { vocabulary } = await buildVocabulary(await fileOf(descriptors), {
      ...settings,
      rootSift: true,
      random: Random.seeded(3),
    });
    expect(Math.max(...vocabulary.words)).toBeLessThan(1);
    expect(pointsOf(descriptors.subarray(0, 128), true)[0]).toBeCloseTo(
      Math.sqrt((descriptors[0] as number) / descriptors.subarray(0, 128).reduce((a, b) => a + b)),
      5,
    );
    const counter = new HistogramCounter(runtime, vocabulary);
    expect([...(await counter.count(descriptors, [600]))]).toEqual(Array(6).fill(100));
    await counter.release();
  });

  it('goes to a file and comes back the same; its fingerprint tells it from others', () => {
    const vocabulary: Vocabulary = { words: pointsOf(descriptorsOf(5, 5), false), size: 5, rootSift: true };
    const bytes = serialiseVocabulary(vocabulary);
    expect(deserialiseVocabulary(bytes, 'v')).toEqual(vocabulary);
    expect(fingerprint(serialiseVocabulary({ ...vocabulary, rootSift: false }))).not.toBe(fingerprint(bytes));
  });

  it.each([
    ['no words', {}, { rootSift: 'true' }],
    ['words of another length', { words: { shape: [2, 127], data: new Float32Array(254) } }, { rootSift: 'true' }],
    ['no word', { words: { shape: [0, 128], data: new Float32Array(0) } }, { rootSift: 'true' }],
    ['nothing said of RootSIFT', { words: { shape: [1, 128], data: new Float32Array(128) } }, {}],
    ['another word for it', { words: { shape: [1, 128], data: new Float32Array(128) } }, { rootSift: 'yes' }],
    ['no number', { words: { shape: [1, 128], data: new Float32Array(128).fill(Number.NaN) } }, { rootSift: 'true' }],
  ])('with %s is refused', (_, tensors, metadata) => {
    expect(() => deserialiseVocabulary(writeSafetensors(tensors, metadata as Record<string, string>), 'v')).toThrow(
      expect.objectContaining({ code: 'index-damaged', message: expect.stringContaining('v is damaged: it holds n') }),
    );
  });

  it('that is damaged is refused, or is still a vocabulary', () => {
    const bytes = serialiseVocabulary({ words: pointsOf(descriptorsOf(3, 3), false), size: 3, rootSift: false });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const other = cut ? bytes.slice(0, at) : bytes.slice();
        if (!cut) other[at] = value;
        try {
          const { words, size } = deserialiseVocabulary(other, 'the file');
          expect(words).toHaveLength(size * 128);
        } catch (error) {
          expect(error).toMatchObject({ code: 'index-damaged', message: expect.stringContaining('the file') });
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('histograms', () => {
  it('count each picture for itself, also one without descriptors', async () => {
    const descriptors = descriptorsOf(700, 6);
    const { vocabulary } = await buildVocabulary(await fileOf(descriptors), { ...settings, random: Random.seeded(3) });
    const counter = new HistogramCounter(runtime, vocabulary);
    const counts = [100, 0, 599, 1];
    const histograms = await counter.count(descriptors, counts);
    counts.forEach((count, i) => {
      expect(histograms.subarray(6 * i, 6 * i + 6).reduce((a, b) => a + b, 0)).toBe(count);
    });
    expect(await counter.count(descriptors.subarray(0, 100 * 128), [100])).toEqual(histograms.subarray(0, 6));
    expect(await counter.count(new Uint8Array(0), [0])).toEqual(new Float32Array(6));
    await counter.release();
  });

  it('count more descriptors than are looked at at a time', async () => {
    const descriptors = descriptorsOf(600, 6);
    const { vocabulary } = await buildVocabulary(await fileOf(descriptors), { ...settings, random: Random.seeded(3) });
    const counter = new HistogramCounter(runtime, vocabulary);
    const many = new Uint8Array(8193 * 128);
    // All but the last are the first descriptor.
    for (let i = 0; i < 8192; i++) many.set(descriptors.subarray(0, 128), i * 128);
    many.set(descriptors.subarray(128, 256), 8192 * 128);
    const single = [
      await counter.count(descriptors.subarray(0, 128), [1]),
      await counter.count(descriptors.subarray(128, 256), [1]),
    ] as const;
    const expected = single[0].map((count, word) => 8192 * count + (single[1][word] as number));
    expect(await counter.count(many, [8193])).toEqual(expected);
    await counter.release();
  });
});

describe('the extractor', () => {
  it('wants few pictures one by one, and of many as many as keep all threads busy', () => {
    const extractor = new Extractor();
    expect([1, 31].map((pictures) => extractor.width(pictures))).toEqual([1, 1]);
    expect([32, 1000].map((pictures) => extractor.width(pictures))).toEqual(Array(2).fill(2 * availableParallelism()));
  });

  it('finds on threads what it finds on the calling one', async () => {
    const random = Random.seeded(2);
    const pictures = Array.from({ length: 6 }, (_, i) => {
      // Squares of 8×8 pixels; the last picture has nothing to find.
      const greys = Array.from({ length: 36 }, () => (i < 5 ? random.integer(256) : 0));
      const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, at) => {
        const [x, y] = [Math.floor(at / 3) % 48, Math.floor(at / 144)];
        return greys[6 * (y >> 3) + (x >> 3)] ?? 0;
      });
      return { size: 48, pixels };
    });
    const extractor = new Extractor();
    const alone = await Promise.all(pictures.map((picture) => extractor.describe(picture)));
    const together = await Promise.all(pictures.map((picture) => extractor.describe(picture, 1000)));
    await extractor.close();
    expect(together).toEqual(alone);
    expect(alone).toEqual(pictures.map(describePicture));
    expect(alone[0]?.length).toBeGreaterThan(128);
    expect(alone[5]).toHaveLength(0);
  });
});
