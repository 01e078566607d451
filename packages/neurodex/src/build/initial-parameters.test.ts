import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialParameters, layout, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Geometry } from '../dsi/model/geometry.ts';
import { serialiseModel } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import { makeIndex } from '../server/served.fixture.ts';
import { openIndex } from '../systems/open-index.ts';
import { parametersFrom } from './initial-parameters.ts';

let root = '';
let file = '';
const { geometry, parameters } = smallNetwork(30);

const told: string[] = [];
const options = { seed: 4, reporter: { ...silentReporter, info: (message: string) => void told.push(message) } };
const drawn = (of: Geometry) => initialParameters(dsiParameters(of), Random.stream(4, 'parameters'));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-initial-'));
  file = join(root, 'model.safetensors');
  await writeFile(file, serialiseModel({ geometry, parameters, prefixes: undefined }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('parameters to begin with', () => {
  it('are those of a network of the same form, named by its file or its index', async () => {
    expect(await parametersFrom(file, geometry, options)).toEqual(parameters);
    expect(told.at(-1)).toBe(`${parameters.length} of ${parameters.length} parameters begin as in ${file}`);
    const index = await makeIndex(root, 'index', { systems: ['dsi'] });
    const opened = await openIndex(index, nodeRuntime());
    const { model } = await opened.network();
    await opened.close();
    expect(await parametersFrom(index, model.geometry, options)).toEqual(model.parameters);
  });

  it('are drawn from the seed where the other network has none of that name and shape', async () => {
    const other: Geometry = { ...geometry, vocabulary: 20, embeddingRows: 20, layers: 3 };
    const begun = await parametersFrom(file, other, options);
    const fresh = drawn(other);
    const before = new Map([...layout(dsiParameters(geometry))].map(([name, , start, end]) => [name, [start, end]]));
    for (const [name, , start, end] of layout(dsiParameters(other))) {
      const [from, to] = before.get(name) ?? [];
      const isNew = from === undefined || ['token.embedding', 'head.weight', 'head.bias'].includes(name);
      expect([name, begun.subarray(start, end)]).toEqual([
        name,
        isNew ? fresh.subarray(start, end) : parameters.subarray(from, to),
      ]);
    }
    expect(told.at(-1)).toMatch(/; drawn anew: token\.embedding, block2\..* and \d+ more$/);
  });

  it('are refused where nothing agrees, or there is nothing to read', async () => {
    const wide = { ...geometry, width: 32, feedForwardWidth: 48, vocabulary: 20 };
    await expect(parametersFrom(file, wide, options)).rejects.toMatchObject({
      code: 'config-invalid',
      details: { keys: ['training.initialise'] },
    });
    await expect(parametersFrom(join(root, 'gone'), geometry, options)).rejects.toMatchObject({
      code: 'index-missing',
    });
    await mkdir(join(root, 'empty'));
    await expect(parametersFrom(join(root, 'empty'), geometry, options)).rejects.toMatchObject({
      code: 'index-missing',
      message: expect.stringContaining('is no index'),
    });
    const torn = join(root, 'torn.safetensors');
    await writeFile(torn, (await readFile(file)).subarray(0, 100));
    await expect(parametersFrom(torn, geometry, options)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});
