import { resolve } from 'node:path';
import { errorCode, isRecord, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';
import { type ByteSource, openFileBytes, throwIfInterrupted } from '@neurodex/core/storage';
import { safeName } from '../../download/limits.ts';
import { hasPictureExtension } from '../../image/picture-formats.ts';
import type { Dataset, SkippedFile, SourcePicture } from '../dataset.ts';
import { localInputs } from '../inputs.ts';
import { describeRow, type Problem, withoutUnlabelled } from '../labels.ts';
import { captionsOfText, factsOfRecord, type RecordFacts } from '../record-facts.ts';
import { splitsOf } from '../splits.ts';
import { SourceFolder } from '../tables/find.ts';
import { type Sample, samplesOf } from './samples.ts';
import { type Shard, shardsOf } from './shards.ts';
import { TarDamage, type TarMember, tarMembers } from './tar-members.ts';

/** How shards are read. */
export interface WebDatasetOptions {
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Bytes of a label, a text or a JSON object beside a picture. */
const LARGEST_TEXT = 1 << 20;
/** A picture of more is not read into memory. */
const LARGEST_PICTURE = 2 ** 31 - 1;

/**
 * Shards in the form of the library `webdataset`: tar files in which the files of a sample follow each other under one name, a picture
 * with `cls` (a label), `txt` (captions) and `json` (`label`, `caption` and the like). Of each shard the headers and the texts are read;
 * a picture is read from its place in the file when it is asked for. A shard that is cut off gives the samples that are whole.
 * @throws NeurodexError source-missing (a shard of a pattern), source-empty, source-unusable, archive-unsafe, interrupted
 * @example
 * ```ts
 * import { execFileSync } from 'node:child_process';
 * import { renameSync, writeFileSync } from 'node:fs';
 * import { openWebDataset } from '@neurodex/datasets';
 *
 * renameSync('photos/cat/1.png', '0001.png');
 * writeFileSync('0001.cls', '3');
 * execFileSync('tar', ['cf', 'data-000000.tar', '0001.png', '0001.cls']);
 * const { pictures } = await openWebDataset('data-{000000..000000}.tar');
 * console.log(pictures.length, pictures[0]?.labels.join()); // → 1 3
 * ```
 */
export async function openWebDataset(path: string, options: WebDatasetOptions = {}): Promise<Dataset> {
  const { reporter = silentReporter, signal } = options;
  const source = resolve(path);
  const shards = await shardsOf(new SourceFolder(source));
  const listing = new Listing();
  for (const [i, shard] of shards.entries()) {
    throwIfInterrupted(signal);
    await listing.add(shard);
    reporter.progress({ phase: 'listing', done: i + 1, total: shards.length, unit: 'shards' });
  }
  const { pictures, skipped } = listing;
  if (pictures.length === 0) throw noPictures(source, shards, skipped);
  const { roleOf, layout } = splitsOf(pictures.map((picture) => picture.path));
  const placed: SourcePicture[] = [];
  for (const picture of pictures.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const role = roleOf?.(picture.path);
    if (roleOf === undefined) placed.push(picture);
    else if (role !== undefined) placed.push({ ...picture, role });
    else skipped.push({ path: picture.path, reason: 'in none of the shards that give the roles here' });
  }
  const { kept, skipped: unlabelled } = withoutUnlabelled(placed);
  return {
    name: 'webdataset',
    source,
    pictures: kept,
    notices: [],
    skipped: [...skipped, ...unlabelled],
    ...(layout.length === 0 ? {} : { layout }),
    inputs: (reading) =>
      localInputs(
        shards.map(({ path: each }) => each),
        rootOf(shards),
        reading,
      ),
  };
}

/** The folder that the names of the shards are relative to. */
const rootOf = ([first]: readonly Shard[]): string =>
  first === undefined ? '' : first.path.slice(0, -`/${first.name}.tar`.length);

class Listing {
  readonly pictures: SourcePicture[] = [];
  readonly skipped: SkippedFile[] = [];

  /** @throws NeurodexError source-missing, source-unusable */
  async add(shard: Shard): Promise<void> {
    const source = await opened(shard.path);
    const keys = new Set<string>();
    const stray = (name: string, reason: string): void => {
      this.skipped.push({ path: `${shard.name}/${name}`, reason });
    };
    try {
      for await (const sample of samplesOf(tarMembers(source), stray)) {
        const problem = keys.has(sample.key)
          ? { reason: 'its key is there twice, with other files between' }
          : await this.sample(sample, shard, source);
        keys.add(sample.key);
        if (problem !== undefined) this.skipped.push({ path: `${shard.name}/${sample.key}`, ...problem });
      }
    } catch (error) {
      if (!(error instanceof TarDamage)) throw error;
      this.skipped.push({ path: shard.path, reason: error.message, group: 'the shard is damaged or cut off' });
    } finally {
      await source.close();
    }
  }

  private async sample({ members, twice }: Sample, shard: Shard, source: ByteSource): Promise<SkippedKind | undefined> {
    if (twice !== undefined) return { reason: `it has two files that end in .${twice}` };
    const pictures = [...members].filter(([ending]) => hasPictureExtension(`x.${ending}`));
    const own = pictures.filter(([ending]) => !ending.includes('.'));
    const [picture, other] = own.length > 0 ? own : pictures;
    if (picture === undefined) {
      const endings = [...members.keys()].join(', ');
      return { reason: `it holds no picture (${endings})`, group: 'samples that hold no picture' };
    }
    if (other !== undefined) return { reason: `it holds two pictures (${picture[0]}, ${other[0]})` };
    const [, member] = picture;
    const facts = await factsOf(members, source);
    if ('reason' in facts) return facts;
    const { labels, captions } = facts;
    const path = safeName(shard.path, `${shard.name}/${member.name.replace(/^\.\//, '')}`);
    this.pictures.push({
      path,
      labels,
      ...(captions.length === 0 ? {} : { captions }),
      read: () => readMember(shard, member, source.byteLength, path),
    });
    return undefined;
  }
}

type SkippedKind = Omit<SkippedFile, 'path'>;

/** What the small files of a sample say. */
async function factsOf(members: Sample['members'], source: ByteSource): Promise<RecordFacts | Problem> {
  const text = async (ending: string): Promise<string | undefined> => {
    const member = members.get(ending);
    if (member === undefined) return undefined;
    if (member.size > LARGEST_TEXT) throw new Unusable(`its .${ending} has ${member.size} bytes`);
    try {
      const bytes = await source.slice(member.offset, member.offset + member.size);
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      if (error instanceof TypeError) throw new Unusable(`its .${ending} is not UTF-8`);
      throw error;
    }
  };
  try {
    const json = await text('json');
    const record = json === undefined ? {} : parseJson(json);
    if (!isRecord(record)) return { reason: 'its .json is not an object' };
    const said = factsOfRecord(record);
    if ('reason' in said) return said;
    const label = (await text('cls'))?.trim();
    const labels = label === undefined || label === '' ? said.labels : describeRow({ label }, undefined);
    if ('reason' in labels) return labels;
    const captions = new Set([...captionsOfText((await text('txt')) ?? ''), ...said.captions]);
    return { labels: 'labels' in labels ? labels.labels : labels, captions: [...captions] };
  } catch (error) {
    if (error instanceof JsonProblem) return { reason: `its .json ${ofOneLine(error)}` };
    if (error instanceof Unusable) return { reason: error.message };
    throw error;
  }
}

class Unusable extends Error {}

async function opened(path: string): Promise<ByteSource> {
  try {
    return await openFileBytes(path);
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    const code = errorCode(error);
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new NeurodexError(
      missing ? 'source-missing' : 'source-unusable',
      `${path} ${missing ? 'does not exist' : `cannot be read (${code})`}`,
      {
        hint: missing ? 'give a pattern whose every file is there, or the folder' : 'give shards that you may read',
        details: { path },
        cause: error,
      },
    );
  }
}

async function readMember(
  shard: Shard,
  { offset, size }: TarMember,
  length: number,
  path: string,
): Promise<Uint8Array> {
  const refuse = (code: 'picture-empty' | 'picture-damaged' | 'picture-missing', what: string, cause?: unknown) =>
    new NeurodexError(code, `${path} (in ${shard.path}) ${what}`, {
      hint: 'make the shard again, or leave the picture out',
      details: { file: shard.path },
      cause,
    });
  if (size === 0) throw refuse('picture-empty', 'has no bytes');
  if (size > LARGEST_PICTURE) throw refuse('picture-damaged', `has ${size} bytes, more than a picture`);
  let source: ByteSource;
  try {
    source = await openFileBytes(shard.path);
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    throw refuse('picture-missing', `cannot be read (${errorCode(error)})`, error);
  }
  try {
    if (source.byteLength !== length)
      throw refuse('picture-damaged', 'is in a shard that has changed since it was listed');
    return new Uint8Array(await source.slice(offset, offset + size));
  } finally {
    await source.close();
  }
}

function noPictures(source: string, shards: readonly Shard[], skipped: readonly SkippedFile[]): NeurodexError {
  const [first] = skipped;
  const what =
    first === undefined ? 'no samples' : `no sample that can be used, the first: ${first.path}: ${first.reason}`;
  return new NeurodexError('source-empty', `${source} has ${what}`, {
    hint: 'give tar files with pictures (jpg, png, webp) and, under the same names, cls, txt or json',
    details: { source, shards: shards.length },
  });
}
