import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArtifact } from './index-artifact.ts';
import { IndexFiles } from './index-files.ts';
import { smallModel, VOCABULARY, writeSmallIndex } from './small-index.fixture.ts';

let root = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'neurodex-artifact-'));
  folder = join(root, 'index');
});
afterEach(() => rmSync(root, { recursive: true }));

const listed = (file: string) => ({ file });
const replaced = () => ({
  code: 'index-replaced',
  message: `the index at ${folder} was replaced since it was opened`,
});
/** Another index takes the folder's name. */
async function replace(): Promise<void> {
  await writeSmallIndex(join(root, 'other'), { describe: (each) => ({ ...each, seed: 8 }) });
  renameSync(folder, join(root, 'old'));
  renameSync(join(root, 'other'), folder);
}

describe('the files of an index', () => {
  it('are those that its manifest lists, and no others', async () => {
    await writeSmallIndex(folder);
    const files = await IndexFiles.open(folder);
    expect(await files.read(listed('vocabulary.safetensors'))).toEqual(VOCABULARY);
    expect(files.pathOf(listed('encoder.onnx'))).toBe(join(folder, 'encoder.onnx'));
    expect([files.folder, files.manifest.seed, files.options.hold]).toEqual([folder, 7, true]);
    for (const name of ['index.json', 'catalogue/catalogue.json']) {
      await expect(files.read(listed(name))).rejects.toThrow(new RangeError(`the index lists no ${name}`));
    }
    await files.close();
  });

  it('stay those of the version that was opened', async () => {
    await writeSmallIndex(folder);
    const files = await IndexFiles.open(folder);
    rmSync(join(folder, 'vocabulary.safetensors'));
    writeFileSync(join(folder, 'vocabulary.safetensors'), 'another');
    expect(await files.read(listed('vocabulary.safetensors'))).toEqual(VOCABULARY);
    await files.close();
    await expect(files.read(listed('vocabulary.safetensors'))).rejects.toMatchObject({ code: 'index-damaged' });
  });

  it('are refused when another version took their place, and are damaged when none did', async () => {
    await writeSmallIndex(folder);
    const files = await IndexFiles.open(folder);
    expect(files.options.replaced?.()).toBeUndefined();
    await files.close();
    await replace();
    rmSync(join(folder, 'model.safetensors'));
    await expect(files.read(listed('model.safetensors'))).rejects.toMatchObject(replaced());
    writeFileSync(join(folder, 'index.json'), 'null');
    expect(files.options.replaced?.()).toMatchObject(replaced());
    for (const text of ['{', undefined]) {
      if (text === undefined) rmSync(join(folder, 'index.json'));
      else writeFileSync(join(folder, 'index.json'), text);
      expect(files.options.replaced?.()).toBeUndefined();
    }
  });

  it('must be of the version that somebody opened before', async () => {
    await writeSmallIndex(folder);
    const { digest } = (await IndexFiles.open(folder)).manifest;
    await (await IndexFiles.open(folder, digest)).close();
    await expect(IndexFiles.open(folder, 'another')).rejects.toMatchObject(replaced());
    await expect(openArtifact(folder, { digest: 'another' })).rejects.toMatchObject(replaced());
    await (await openArtifact(folder, { digest })).close();
  });

  it('that are missing are named when it is opened', async () => {
    await writeSmallIndex(folder);
    rmSync(join(folder, 'encoder.onnx'));
    await expect(IndexFiles.open(folder)).rejects.toMatchObject({
      code: 'index-missing',
      message: `${join(folder, 'encoder.onnx')} is not there`,
    });
  });

  it('are read whole up to 2³² bytes', async () => {
    const bytes = 2 ** 32;
    const sized = (more: number) => ({
      describe: <D extends { model?: object | undefined }>(each: D): D => ({
        ...each,
        model: { ...each.model, bytes: bytes + more },
      }),
    });
    for (const more of [0, 1]) {
      await writeSmallIndex(folder, sized(more));
      // A file with a hole takes no room.
      truncateSync(join(folder, 'model.safetensors'), bytes + more);
      const files = await IndexFiles.open(folder);
      const path = () => files.pathOf(listed('model.safetensors'));
      if (more === 0) expect(path()).toBe(join(folder, 'model.safetensors'));
      else {
        expect(path).toThrow(
          expect.objectContaining({
            code: 'index-damaged',
            message: `${join(folder, 'model.safetensors')} is larger than can be read (4294967297 bytes)`,
          }),
        );
      }
      await files.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an index that is opened', () => {
  it('has its manifest, its pictures and the trie of their identifiers, whose leaves are rows', async () => {
    await writeSmallIndex(folder);
    const index = await openArtifact(folder);
    expect(index.folder).toBe(folder);
    expect(index.manifest).toEqual(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')));
    expect(index.store.catalogue.map(({ row, identifier }) => [row, identifier])).toEqual([
      [0, '0'],
      [2, '1'],
      [3, '2'],
    ]);
    const trie = index.trie();
    expect([trie.leafCount, trie.scheme.name]).toEqual([3, 'numeric']);
    // The root's children are the digits 0, 1 and 2; behind each of them the identifier ends.
    const leaves = [0, 1, 2].map((digit) => trie.child(trie.child(0, digit) ?? NaN, trie.scheme.vocabulary.eos));
    expect(leaves.map((leaf) => trie.row(leaf ?? NaN))).toEqual([0, 2, 3]);
    await index.close();
  });

  it('reads its network once, and its log', async () => {
    const model = smallModel();
    await writeSmallIndex(folder, { model });
    const index = await openArtifact(folder);
    expect(await index.log()).toBe('');
    expect((await index.network()).model).toEqual({ ...model, temperature: undefined });
    expect(index.network()).toBe(index.network());
    await index.close();
    await writeSmallIndex(join(root, 'logged'), { log: 'été\n' });
    const logged = await openArtifact(join(root, 'logged'));
    expect(await logged.log()).toBe('été\n');
    await logged.close();
  });

  it('keeps its pictures open, and takes pixels that another version has read', async () => {
    await writeSmallIndex(folder);
    const [one, two] = [await openArtifact(folder), await openArtifact(folder)];
    one.store.pixels.fill(5);
    const next = await openArtifact(folder, { before: one });
    const last = await openArtifact(folder, { before: next });
    expect([next.store.knownPixels, last.store.knownPixels]).toEqual([one.store.knownPixels, one.store.knownPixels]);
    expect(last.store.pixels).toEqual(one.store.pixels);
    expect(last.store.pixels).not.toBe(one.store.pixels);
    for (const each of [next, last]) await each.close();
    await cp(folder, join(root, 'copy'), { recursive: true });
    rmSync(join(folder, 'catalogue', 'part-0.pixels.u8'));
    expect([...two.store.pixels.subarray(254, 258)]).toEqual([254, 255, 0, 1]);
    await one.close();
    await two.close();
    await expect(two.store.png(0)).resolves.toBeInstanceOf(Uint8Array);
    rmSync(join(folder, 'catalogue', 'part-0.parquet'));
    await expect(two.store.png(1)).rejects.toMatchObject({ code: 'index-missing' });
    await expect(two.files.read(listed('vocabulary.safetensors'))).resolves.toEqual(VOCABULARY);
  });

  it('is refused without a catalogue picture', async () => {
    await writeSmallIndex(folder, { rows: (rows) => rows.slice(1, 2).map((row) => ({ ...row, id: 0 })) });
    await expect(openArtifact(folder)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${join(folder, 'catalogue')} holds no catalogue picture`,
    });
  });

  it('is refused when its catalogue is not the one that is listed', async () => {
    await writeSmallIndex(folder);
    const file = join(folder, 'catalogue', 'catalogue.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"hasClasses": true', '"hasClasses": null'));
    await expect(openArtifact(folder)).rejects.toMatchObject({
      code: 'index-damaged',
      message: `${file} has changed since it was written (its SHA-256 differs)`,
    });
  });
});
