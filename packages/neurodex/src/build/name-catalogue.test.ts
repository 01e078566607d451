import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { pictureBytes } from '@neurodex/datasets/picture';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { identifiersIn } from '../identifiers/clusters.ts';
import { partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { PRESETS } from '../presets/presets.ts';
import type { DecodedPictures } from './draft.ts';
import { checkVectorSource, nameCatalogue } from './name-catalogue.ts';

const configOf = (identifiers: Partial<Config['identifiers']>): Config => ({
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 8 },
  identifiers: { ...PRESETS.quick.identifiers, branching: 2, leafSize: 3, ...identifiers },
});

/** Six pictures, dark and light in turn, all of one class: what tells them apart is not their labels. */
const pictures: StoredPicture[] = Array.from({ length: 6 }, (_, row) => ({
  row: 10 * row,
  id: 10 * row,
  path: `${row}.png`,
  labels: ['one'],
  role: 'catalogue',
}));
/** Dark above, light below, or the other way round: by cosine, brightness alone is no difference. */
const pixelsOf = ({ row }: StoredPicture): Uint8Array => {
  const half = pictureBytes(8) / 2;
  const [above, below] = (row / 10) % 2 === 0 ? [20 + row, 200] : [200, 20 + row];
  return new Uint8Array(2 * half).fill(above, 0, half).fill(below, half);
};
const decoded: DecodedPictures = {
  ...partsOf(pictures),
  thumbnail: async () => new Uint8Array(),
  pixels: async (picture) => pixelsOf(picture),
  digest: ({ row }) => `${row}`.padStart(64, '0'),
  metadata: () => undefined,
};
/** The first three and the last three alike, at any length. */
const columns = Object.fromEntries(
  ['bovw', 'encoder'].map((name, i) => [
    name,
    {
      length: 2,
      producer: '0'.repeat(64),
      values: Float32Array.from(
        name === 'bovw' ? [1, 0, 20, 0, 3, 0, 0, 1, 0, 20, 0, 3] : [1, 0, 0, 5, 0, 1, 7, 0, 0, 9, 1, 0],
      ).map((value) => value * (i + 1)),
    },
  ]),
);
const named = (config: Config, seed = 1) =>
  nameCatalogue(pictures, decoded, {
    config,
    seed,
    runtime: nodeRuntime({ threads: 1 }),
    reporter: silentReporter,
    columns,
    network: { values: Float32Array.from([1, 0, 1, 0.1, 0, 1, 0.1, 1, 1, 0.2, 0.2, 1]), length: 2 },
  });
/** Which pictures share their first token, as a pattern: the first picture's is a. */
const groups = async (config: Config): Promise<string> => {
  const firsts = (await named(config)).identifiers.map((identifier) => identifier[0]);
  return firsts.map((first) => (first === firsts[0] ? 'a' : 'b')).join('');
};

describe('semantic identifiers of a catalogue', () => {
  it.each([
    ['pixels', 'ababab'],
    ['bovw', 'aaabbb'],
    ['encoder', 'abbaba'],
    ['network', 'aabbab'],
  ] as const)('follow the vectors of %s, not the labels', async (vectors, pattern) => {
    expect(await groups(configOf({ scheme: 'semantic', vectors }))).toBe(pattern);
  });

  it('follow from clusters in the plan write, and are given once in the others', async () => {
    const learned = configOf({ scheme: 'semantic', vectors: 'bovw' });
    expect((await named(learned)).clusters).toBeUndefined();
    const { identifiers, clusters } = await named({ ...learned, training: { ...learned.training, plan: 'write' } });
    expect(clusters?.rules).toEqual({ branching: 2, leafSize: 3, zeroPadding: learned.identifiers.zeroPadding });
    expect(new Set(clusters?.names).size).toBe(2);
    expect(new Set(identifiers).size).toBe(6);
    for (const [i, name] of (clusters?.names ?? []).entries())
      expect(identifiers[i]?.startsWith(name.replaceAll('.', ''))).toBe(true);
    // The written rules give these identifiers again.
    const paths = (clusters?.names ?? []).map((name) => name.split('.').map(Number));
    const rules = clusters?.rules ?? expect.unreachable();
    expect(await identifiersIn(paths, undefined, rules, (tokens) => tokens.join(''))).toEqual(identifiers);
  });

  it('are the same for the same seed', async () => {
    const config = configOf({ scheme: 'semantic', vectors: 'pixels', leafSize: 1 });
    expect(await named(config)).toEqual(await named(config));
    expect(new Set((await named(config, 2)).identifiers).size).toBe(6);
  });

  it('need the system that their vectors come from', () => {
    const config = configOf({ scheme: 'semantic', vectors: 'bovw' });
    expect(() => checkVectorSource(config, ['dsi', 'pixels'])).toThrowError(
      expect.objectContaining({ code: 'config-invalid', hint: expect.stringContaining('--systems dsi,pixels,bovw') }),
    );
    checkVectorSource(config, ['bovw']);
    checkVectorSource(configOf({ vectors: 'bovw' }), ['dsi']);
    const encoder = configOf({ scheme: 'semantic', vectors: 'encoder' });
    expect(() => checkConfig(encoder)).toThrowError(/identifiers\.vectors is encoder, and encoder\.file names none/);
  });

  it('of the network need the plan write', () => {
    const joint = configOf({ scheme: 'semantic', vectors: 'network' });
    const write: Config = { ...joint, training: { ...joint.training, plan: 'write' } };
    expect(() => checkConfig(joint)).toThrowError(
      expect.objectContaining({ code: 'config-invalid', hint: expect.stringContaining('set training.plan to write') }),
    );
    checkConfig(write);
    checkConfig(configOf({ vectors: 'network' }));
    checkVectorSource(write, ['dsi']);
    checkVectorSource(configOf({ vectors: 'network' }), ['pixels']);
    // Without a network nothing reads the identifiers: they need no states.
    checkVectorSource(write, ['pixels']);
  });
});

it('numeric identifiers look at no vectors', async () => {
  const { identifiers, clusters } = await named(configOf({ scheme: 'numeric', order: 'clustered' }));
  expect(identifiers).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(clusters).toBeUndefined();
});
