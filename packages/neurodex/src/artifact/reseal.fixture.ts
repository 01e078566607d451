import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, FileHasher, sealed } from '@neurodex/core/storage';

type Json = Record<string, unknown>;

const read = (path: string): Uint8Array | undefined => {
  try {
    // A pipe would wait for ever, and a device has no end.
    return lstatSync(path).isFile() ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
};

const json = (path: string): Json | undefined => {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(read(path)));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/**
 * What a forger does who knows the format: every digest in the folder is made to fit what the files hold now.
 * @param producers also the digests by which vectors name the vocabulary and the encoder that made them
 */
export function reseal(folder: string, { producers = true }: { readonly producers?: boolean } = {}): void {
  const sha = (name: string): string | undefined => {
    const bytes = read(join(folder, name));
    return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
  };
  const list = (listed: unknown, below: string, chunked: boolean): void => {
    if (!isObject(listed) || typeof listed.file !== 'string' || listed.file.includes('..')) return;
    const bytes = read(join(folder, below, listed.file));
    if (bytes === undefined) return;
    const hasher = new FileHasher();
    hasher.update(bytes);
    const { chunks, ...digest } = hasher.digest();
    Object.assign(listed, digest, chunked ? { chunks } : {});
  };
  const catalogueFile = join(folder, 'catalogue', 'catalogue.json');
  const catalogue = json(catalogueFile);
  if (catalogue !== undefined) {
    const before = JSON.stringify(catalogue);
    for (const part of Array.isArray(catalogue.parts) ? catalogue.parts.filter(isObject) : [])
      for (const column of ['pictures', 'pixels', 'embeddings', 'states']) list(part[column], 'catalogue', true);
    const encoder = producers ? sha('encoder.onnx') : undefined;
    const vocabulary = producers ? sha('vocabulary.safetensors') : undefined;
    const vectors = isObject(catalogue.vectors) ? catalogue.vectors : {};
    if (isObject(catalogue.embeddings) && encoder !== undefined) catalogue.embeddings.encoder = encoder;
    if (isObject(vectors.encoder) && encoder !== undefined) vectors.encoder.producer = encoder;
    if (isObject(vectors.bovw) && vocabulary !== undefined) vectors.bovw.producer = vocabulary;
    const after = JSON.stringify(catalogue);
    if (after !== before) writeFileSync(catalogueFile, after);
  }
  for (const name of ['files.json', 'origin.json']) {
    const description = json(join(folder, name));
    try {
      if (description !== undefined) writeFileSync(join(folder, name), sealed(description));
    } catch {
      // Nested too deeply: it stays as it is.
    }
  }
  const indexFile = join(folder, 'index.json');
  const index = json(indexFile);
  if (index === undefined) return;
  const bovw = isObject(index.bovw) ? index.bovw : {};
  for (const listed of [index.catalogue, index.model, index.encoder, index.log, bovw.vocabulary, bovw.neighbours])
    list(listed, '', false);
  try {
    index.digest = digestOf(index);
  } catch {
    // Nested too deeply: it stays as it is.
  }
  writeFileSync(indexFile, JSON.stringify(index));
}
