import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configProblems } from '../check-config.ts';
import { type Config, configSchema } from '../config.ts';
import { CONFIGURATION_KEYS } from '../configuration/keys.ts';
import { PRESETS } from '../presets/presets.ts';
import { resolveConfiguration } from './configuration.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'neurodex-config-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function withFile(content: string, settings: string[] = [], preset?: string): Promise<Config> {
  await writeFile(join(cwd, 'c.json'), content);
  return await resolveConfiguration({ file: 'c.json', settings, preset, cwd });
}
const withSettings = (...settings: string[]): Promise<Config> => resolveConfiguration({ settings, cwd });

async function refusal(promise: Promise<unknown>): Promise<NeurodexError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NeurodexError)) throw new Error(`no NeurodexError but ${String(error)}`);
  return error;
}

it.each(Object.entries(PRESETS))('the preset %s is sound and comes back whole', async (preset, config) => {
  expect(await resolveConfiguration({ preset, cwd })).toEqual(config);
});

it('starts from default; the file goes over the preset and --set over the file, each key by itself', async () => {
  expect(await resolveConfiguration({ cwd })).toEqual(PRESETS.default);
  const config = await withFile('\ufeff{"preset": "quick", "model": {"width": 32, "layers": 1}}', [
    'model.layers=3',
    'training={"plan": "sequential", "retrievalEpochs": 2}',
    'augmentation.flip=false',
  ]);
  const { model, training, augmentation } = PRESETS.quick;
  expect(config).toEqual({
    ...PRESETS.quick,
    model: { ...model, width: 32, layers: 3 },
    training: { ...training, plan: 'sequential', retrievalEpochs: 2 },
    augmentation: { ...augmentation, flip: false },
  });
  expect((await withFile('{"preset": "seed"}', [], 'quick')).model).toEqual(model);
});

describe('unknown keys', () => {
  it.each([
    ['model.widht=64', 'model.widht', 'model.width'],
    ['batchSize=64', 'batchSize', 'training.batchSize'],
    ['Training.BatchSize=64', 'Training.BatchSize', 'training.batchSize'],
    ['model.width.x=1', 'model.width.x', 'model.width'],
    ['__proto__.polluted=1', '__proto__.polluted', undefined],
    ['model.__proto__=1', 'model.__proto__', undefined],
    ['constructor.prototype.polluted=1', 'constructor.prototype.polluted', undefined],
    ['model={"__proto__": {"width": 1}}', 'model.__proto__', undefined],
  ])('--set %s is refused', async (setting, key, near) => {
    const error = await refusal(withSettings(setting));
    expect(error.code).toBe('config-unknown-key');
    expect(error.details).toMatchObject({ key, origin: `--set ${setting}`, ...(near && { nearest: near }) });
    expect(error.message).toBe(`--set ${setting}: there is no configuration key ${key}`);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('in a file name the file', async () => {
    const error = await refusal(withFile('{"__proto__": {"polluted": 1}}'));
    expect(error.message).toBe('c.json: there is no configuration key __proto__');
    const inner = await refusal(withFile('{"training": {"learningrate": 1}}'));
    expect(inner.hint).toContain('did you mean training.learningRate?');
  });

  it('a preset by --set is told the flag', async () => {
    expect((await refusal(withSettings('preset=quick'))).hint).toBe('write --preset quick');
  });
});

describe('wrong values', () => {
  it.each([
    ['model.width=wide', 'model.width must be an integer of 1 or more, not "wide" (--set model.width=wide)'],
    ['model.width=0', 'model.width must be an integer of 1 or more, not 0 (--set model.width=0)'],
    ['model.layers=1.5', 'model.layers must be an integer of 1 or more, not 1.5 (--set model.layers=1.5)'],
    ['model.dropout=0.95', 'model.dropout must be a number from 0 to 0.9, not 0.95 (--set model.dropout=0.95)'],
    ['model.dropout=null', 'model.dropout must be a number from 0 to 0.9, not null (--set model.dropout=null)'],
    [
      'training.learningRate=0',
      'training.learningRate must be a number above 0, not 0 (--set training.learningRate=0)',
    ],
    [
      'training.learningRate=1e999',
      'training.learningRate must be a number above 0, not Infinity (--set training.learningRate=1e999)',
    ],
    ['model.attention=full', 'model.attention must be causal or prefix, not "full" (--set model.attention=full)'],
    ['augmentation.flip=yes', 'augmentation.flip must be true or false, not "yes" (--set augmentation.flip=yes)'],
    ['model=3', 'model must be an object of keys, not 3 (--set model=3)'],
    ['model.width={"a":1}', 'model.width must be an integer of 1 or more, not {"a":1} (--set model.width={"a":1})'],
  ])('%s', async (setting, message) => {
    const error = await refusal(withSettings(setting));
    expect([error.code, error.exitStatus, error.message]).toEqual(['config-invalid', 2, message]);
    expect(error.hint).toBeTruthy();
  });

  it('are all told at once, each with its origin', async () => {
    const error = await refusal(withFile('{"model": {"heads": "x"}}', ['model.layers=0']));
    expect(error.message).toBe(
      'model.heads must be an integer of 1 or more, not "x" (c.json); model.layers must be an integer of 1 or more, not 0 (--set model.layers=0)',
    );
    expect(error.details).toEqual({ keys: ['model.heads', 'model.layers'] });
  });

  it.each(['model.width', '=3', ''])('--set %j has not the form key=value', async (setting) => {
    expect((await refusal(withSettings(setting))).code).toBe('usage');
  });

  it.each([
    ['{"preset": "quik"}', 'unknown-preset', 'c.json: there is no preset "quik"'],
    ['{"preset": 3}', 'unknown-preset', 'c.json: there is no preset 3'],
    ['{"model": ', 'config-unreadable', 'c.json is not valid JSON'],
    ['[]', 'config-unreadable', 'c.json does not hold a JSON object'],
  ])('the file %s', async (content, code, message) => {
    const error = await refusal(withFile(content));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('a file that is not there, or is a folder', async () => {
    expect((await refusal(resolveConfiguration({ file: 'gone.json', cwd }))).message).toBe('gone.json is not there');
    expect((await refusal(resolveConfiguration({ file: '.', cwd }))).message).toBe('. is a folder');
  });
});

describe('keys that do not fit each other', () => {
  it.each([
    [['pictures.size=44'], ['pictures.size'], 'set pictures.size to 24 or 48'],
    [['model.width=130'], ['model.width'], 'set model.width to 128 or 132'],
    [
      ['model.patchSize=6'],
      ['model.patchSize'],
      'set model.patchSize to 8, model.windows to 3, or model.stem to linear',
    ],
    [['model.patchSize=3'], ['model.patchSize'], 'set model.patchSize to 8, or model.stem to linear'],
    [['model.width=9', 'model.heads=3'], ['model.width'], 'model.stem to linear'],
    [['split.testFraction=0.95'], ['split.validationFraction'], 'make their sum 1 or less'],
    [
      ['training.plan=joint'],
      ['split.validationFraction', 'text.tokens', 'identifiers.vectors'],
      'set training.plan to write, or identifiers.vectors to pixels',
    ],
    [
      ['training.indexingEpochs=0', 'training.plan=joint', 'identifiers.vectors=pixels', 'split.testFraction=0.1'],
      ['text.tokens', 'training.indexingEpochs'],
      'above 0',
    ],
    [['pictures.size=44', 'model.width=130'], ['pictures.size', 'model.width'], '; set model.width'],
  ])('%j', async (settings, keys, hint) => {
    const error = await refusal(withSettings(...settings));
    expect([error.code, error.details]).toEqual(['config-invalid', { keys }]);
    expect(error.hint).toContain(hint);
  });

  it('a linear stem takes any patch that divides the picture', async () => {
    const config = await withSettings('model.stem=linear', 'model.patchSize=6', 'model.width=9', 'model.heads=3');
    expect(configProblems(config)).toEqual([]);
  });
});

it('knows every key of the schema, and a value it shows as allowed is allowed', async () => {
  const paths = Object.entries(configSchema.shape).flatMap(([section, { shape }]) =>
    Object.keys(shape).map((name) => `${section}.${name}`),
  );
  expect(CONFIGURATION_KEYS.map(({ path }) => path)).toEqual(paths);
});

it('takes any JSON for a file or a setting without breaking', async () => {
  const path = fc.oneof(
    fc.constantFrom(...CONFIGURATION_KEYS.map((key) => key.path), 'model', 'training'),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(path, fc.jsonValue()), { maxLength: 3 }), async (pairs) => {
      try {
        configSchema.parse(await withSettings(...pairs.map(([key, value]) => `${key}=${JSON.stringify(value)}`)));
      } catch (error) {
        expect(error).toBeInstanceOf(NeurodexError);
        expect((error as NeurodexError).exitStatus).toBe(2);
      }
    }),
    { numRuns: 300 },
  );
});
