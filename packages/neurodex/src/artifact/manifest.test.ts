import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUN_LOG } from '@neurodex/tracking';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listedIn, missingSystem, readIndexManifest, readListed } from './manifest.ts';
import { digestOfBytes } from './small-catalogue.fixture.ts';
import { VOCABULARY, writeSmallIndex } from './small-index.fixture.ts';

type Json = { [key: string]: unknown };

let folder = '';
let sound = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-index-'));
  await writeSmallIndex(folder, { log: 'a line\n' });
  sound = readFileSync(join(folder, 'index.json'), 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => writeFileSync(join(folder, 'index.json'), sound));

/** JSON with sorted keys and no white space, for values without unusual numbers. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Reads the manifest after a change that fits its digest. */
function reading(change: (manifest: Json) => void) {
  const { digest: _, ...manifest } = JSON.parse(sound) as Json;
  change(manifest);
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ ...manifest, digest: sha256(canonical(manifest)) }));
  return readIndexManifest(folder);
}
const refusal = (what: string, code = 'index-damaged') => ({
  code,
  message: `${join(folder, 'index.json')} ${what}`,
});
const malformed = (key: string) =>
  refusal(`does not describe an index: ${key} is missing or has a value that it cannot have`);
const partOf = (manifest: Json, key: string): Json => manifest[key] as Json;

describe('the manifest of an index', () => {
  it('is read as it was written, with the digests of the files that it lists', async () => {
    const own = join(folder, 'own');
    await writeSmallIndex(own, { log: 'a line\n' });
    const text = readFileSync(join(own, 'index.json'), 'utf8');
    const manifest = await readIndexManifest(own);
    expect(manifest).toEqual(JSON.parse(text));
    expect(text).toBe(sound);
    expect(manifest).toMatchObject({ format: 'neurodex-index', version: 3, seed: 7 });
    const { digest, ...rest } = manifest;
    expect(digest).toBe(sha256(canonical(rest)));
    for (const listed of [manifest.catalogue, manifest.log]) {
      const { bytes, sha256: wanted } = digestOfBytes(readFileSync(join(own, listed?.file ?? '')));
      expect(listed).toEqual({ file: listed?.file, bytes, sha256: wanted });
    }
    expect([manifest.catalogue.file, manifest.log?.file]).toEqual(['catalogue/catalogue.json', RUN_LOG]);
  });

  it('lists the log only where there is one', async () => {
    const without = mkdtempSync(join(tmpdir(), 'neurodex-index-'));
    await writeSmallIndex(without);
    expect(await readIndexManifest(without)).not.toHaveProperty('log');
    rmSync(without, { recursive: true });
  });

  it('names the files of the folder, those that there are', async () => {
    const manifest = await readIndexManifest(folder);
    const names = (change: object) => listedIn({ ...manifest, ...change }).map(({ file }) => file);
    const catalogue = 'catalogue/catalogue.json';
    expect(names({})).toEqual([catalogue, 'model.safetensors', 'vocabulary.safetensors', 'encoder.onnx', RUN_LOG]);
    const neighbours = { file: 'bovw.usearch', bytes: 0, sha256: '' };
    expect(names({ bovw: { ...manifest.bovw, neighbours } })).toContain('bovw.usearch');
    const nothing = { model: undefined, bovw: undefined, encoder: undefined, log: undefined };
    expect(names(nothing)).toEqual([catalogue]);
  });

  it('may say more in its configuration than is known', async () => {
    const manifest = await reading((m) => Object.assign(partOf(m, 'config'), { later: 1 }));
    expect(manifest.config).toMatchObject({ later: 1 });
  });
});

describe('a manifest is refused', () => {
  it('that has changed since', async () => {
    writeFileSync(join(folder, 'index.json'), sound.replace('"seed": 7', '"seed": 8'));
    await expect(readIndexManifest(folder)).rejects.toMatchObject({
      code: 'index-damaged',
      message: expect.stringContaining('has changed since it was written'),
    });
  });

  it('of another version', async () => {
    await expect(reading((m) => Object.assign(m, { version: 4 }))).rejects.toMatchObject(
      refusal('has version 4; this Neurodex reads version 3', 'index-newer'),
    );
    await expect(reading((m) => Object.assign(m, { version: 2 }))).rejects.toMatchObject({
      code: 'index-older',
      hint: 'build the index again with this Neurodex, with --force to replace the old one',
    });
  });

  it.each<[string, (manifest: Json) => void]>([
    ['format', (m) => Object.assign(m, { format: 'another' })],
    ['seed', (m) => Object.assign(m, { seed: 0.5 })],
    ['config.identifiers.scheme', (m) => Object.assign(partOf(partOf(m, 'config'), 'identifiers'), { scheme: 'x' })],
    ['systems', (m) => Object.assign(m, { systems: [] })],
    ['systems', (m) => Object.assign(m, { systems: ['pixels', 'pixels'] })],
    ['systems.0', (m) => Object.assign(m, { systems: ['sound'] })],
    ['catalogue.file', (m) => Object.assign(partOf(m, 'catalogue'), { file: 'catalogue.json' })],
    ['model.bytes', (m) => Object.assign(partOf(m, 'model'), { bytes: -1 })],
    ['model.sha256', (m) => Object.assign(partOf(m, 'model'), { sha256: 'a1' })],
    ['model.parameters', (m) => Object.assign(partOf(m, 'model'), { parameters: 0 })],
    ['bovw.descriptors', (m) => Object.assign(partOf(m, 'bovw'), { descriptors: -1 })],
    ['bovw.inertia', (m) => Object.assign(partOf(m, 'bovw'), { inertia: -1 })],
    ['encoder.mean', (m) => Object.assign(partOf(m, 'encoder'), { mean: [1, 2] })],
    ['encoder.size', (m) => Object.assign(partOf(m, 'encoder'), { size: 0 })],
    ['encoder.tokens', (m) => Object.assign(partOf(m, 'encoder'), { tokens: 0 })],
    ['encoder.channels', (m) => Object.assign(partOf(m, 'encoder'), { channels: 0 })],
  ])('by its key %s', async (key, change) => {
    await expect(reading(change)).rejects.toMatchObject(malformed(key));
  });

  it.each([
    ['dsi', 'model'],
    ['bovw', 'bovw'],
    ['encoder', 'encoder'],
  ])('that lists %s without %s', async (system, key) => {
    await expect(reading((m) => delete m[key])).rejects.toMatchObject(
      refusal(`lists the system ${system}, and nothing that it is made of`),
    );
  });

  it('that is nothing', async () => {
    writeFileSync(join(folder, 'index.json'), 'null');
    await expect(readIndexManifest(folder)).rejects.toMatchObject(refusal('does not describe an index'));
  });

  it('in a folder where there is none, and otherwise for its own reason', async () => {
    rmSync(join(folder, 'index.json'));
    await expect(readIndexManifest(folder)).rejects.toMatchObject({
      code: 'index-missing',
      message: `${folder} is not an index: there is no index.json in it`,
      details: { folder },
    });
    mkdirSync(join(folder, 'index.json'));
    await expect(readIndexManifest(folder)).rejects.toMatchObject(refusal('is not a file'));
    rmSync(join(folder, 'index.json'), { recursive: true });
    writeFileSync(join(folder, 'index.json'), '{"format"');
    await expect(readIndexManifest(folder)).rejects.toMatchObject({ code: 'index-damaged' });
  });
});

it('a system needs no part that another one has', async () => {
  const manifest = await reading((m) => {
    for (const key of ['model', 'bovw', 'encoder', 'log']) delete m[key];
    m.systems = ['pixels'];
  });
  expect(manifest.systems).toEqual(['pixels']);
});

it('a file that is listed is read as it was written', async () => {
  const { bovw } = await readIndexManifest(folder);
  const listed = bovw?.vocabulary ?? { file: '', bytes: 0, sha256: '' };
  expect(await readListed(folder, listed)).toEqual(VOCABULARY);
  await expect(readListed(folder, { ...listed, sha256: 'a1'.repeat(32) })).rejects.toMatchObject({
    code: 'index-damaged',
    message: expect.stringContaining(join(folder, 'vocabulary.safetensors')),
  });
});

it('a system that an index was made without is named, and those that it has', async () => {
  const manifest = await readIndexManifest(folder);
  expect(missingSystem('/i', { ...manifest, systems: ['pixels', 'bovw'] }, 'dsi')).toMatchObject({
    code: 'system-missing',
    message: '/i was made without dsi; it has pixels, bovw',
    hint: expect.stringContaining('--systems pixels,bovw,dsi'),
    details: { folder: '/i', system: 'dsi', systems: ['pixels', 'bovw'] },
  });
});
