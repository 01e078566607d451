import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, expect } from 'vitest';
import type { Dataset } from './dataset.ts';

let encoded: Promise<Buffer> | undefined;
const encode = (): Promise<Buffer> =>
  sharp({ create: { width: 8, height: 6, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();

/** A PNG; the format is told by the bytes, so that it may be called `.jpg`. */
export const pngBytes = (): Promise<Buffer> => {
  encoded ??= encode();
  return encoded;
};

/** Writes a folder: texts and bytes as they are, objects as JSON, `null` as a picture. */
export async function folderOf(files: Readonly<Record<string, unknown>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'neurodex-source-'));
  const picture = await pngBytes();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
    await writeFile(join(root, path), content === null ? picture : bytes);
  }
  return root;
}

/** As `folderOf`, with folders that are removed after each test of the file that asks for this. */
export function testFolders(): typeof folderOf {
  const made: string[] = [];
  afterEach(async () => {
    for (const root of made.splice(0)) await removeFolder(root);
  });
  return async (files) => {
    const root = await folderOf(files);
    made.push(root);
    return root;
  };
}

export const removeFolder = (root: string): Promise<void> => rm(root, { recursive: true, force: true });

/** Paths, labels and captions. */
export const described = ({ pictures }: Dataset): Record<string, string[]> =>
  Object.fromEntries(
    pictures.map(({ path, labels, captions = [] }) => [path, [...labels, ...captions.map((each) => `"${each}"`)]]),
  );

/** What was skipped, with its reason. */
export const skippedIn = ({ skipped }: Dataset): string[] => skipped.map(({ path, reason }) => `${path}: ${reason}`);

export const notesOf = ({ layout = [] }: Dataset): string => layout.map(({ message }) => message).join('\n');

export async function refusal(work: Promise<unknown>): Promise<NeurodexError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NeurodexError)) throw new Error(`no refusal: ${String(error)}`, { cause: error });
  expect(error.hint).not.toBe(undefined);
  return error;
}
