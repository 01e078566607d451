import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { type FailedInput, failedInput, type Reporter, silentReporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { SourcePicture } from '@neurodex/datasets';
import { type AddedPicture, type Addition, addPictures } from './add-pictures.ts';
import type { IndexWriter } from './index-writer.ts';

/** In what a source differs from an index. Pictures are compared by the digests of their files, never by dates. */
export interface Differences {
  readonly unchanged: number;
  /** Pictures that the index does not have. */
  readonly added: readonly SourcePicture[];
  /** Pictures whose file has other contents under the same name. */
  readonly changed: readonly { readonly id: number; readonly source: SourcePicture }[];
  /** Pictures whose file has another name or other labels. */
  readonly moved: readonly { readonly id: number; readonly from: string; readonly source: SourcePicture }[];
  /** Pictures whose file is gone. */
  readonly removed: readonly AddedPicture[];
  /** Files with the contents of another one that is in the index: they are not added. */
  readonly known: Addition['known'];
  /** Files that cannot be read: what the index has of them stays. */
  readonly failed: readonly FailedInput[];
}

export interface UpdateOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a source, and says in what the index differs from it. @throws NeurodexError `interrupted` */
export async function differencesOf(
  writer: IndexWriter,
  sources: readonly SourcePicture[],
  { reporter = silentReporter, signal }: UpdateOptions = {},
): Promise<Differences> {
  const failed: FailedInput[] = [];
  const found: { source: SourcePicture; sha256: string }[] = [];
  const paths = new Set(sources.map(({ path }) => path));
  let done = 0;
  for await (const read of inOrder(sources, 2 * availableParallelism(), digestOrReason)) {
    throwIfInterrupted(signal);
    if ('code' in read) failed.push(read);
    else found.push(read);
    reporter.progress({ phase: 'compare', done: ++done, total: sources.length, unit: 'pictures' });
  }
  return { ...compare(writer, found, paths), failed };
}

/** @param paths of the source, also of files that cannot be read */
function compare(
  writer: IndexWriter,
  found: readonly { readonly source: SourcePicture; readonly sha256: string }[],
  paths: ReadonlySet<string>,
): Omit<Differences, 'failed'> {
  const gone = new Map<string, AddedPicture[]>();
  for (const { id, path } of writer.pictures.rows) {
    if (paths.has(path)) continue;
    const digest = writer.pictures.digestOf(id) ?? '';
    gone.set(digest, [...(gone.get(digest) ?? []), { id, path }]);
  }
  const added: SourcePicture[] = [];
  const changed: Differences['changed'][number][] = [];
  const moved: Differences['moved'][number][] = [];
  const known: Addition['known'][number][] = [];
  const fresh = new Map<string, string>();
  let unchanged = 0;
  for (const { source, sha256 } of found) {
    const own = writer.pictures.named(source.path);
    if (own !== undefined && writer.pictures.digestOf(own.id) === sha256) {
      if (own.labels.join('\n') === source.labels.join('\n')) unchanged++;
      else moved.push({ id: own.id, from: own.path, source });
      continue;
    }
    // Where the name is taken, that file is another one now, and the former place of these contents is gone.
    const former = own === undefined ? gone.get(sha256)?.shift() : undefined;
    const same = writer.pictures.withDigest(sha256)?.path ?? fresh.get(sha256);
    if (own !== undefined) changed.push({ id: own.id, source });
    else if (former !== undefined) moved.push({ id: former.id, from: former.path, source });
    else if (same !== undefined) known.push({ path: source.path, as: same });
    else added.push(source);
    fresh.set(sha256, source.path);
  }
  const removed = [...gone.values()].flat().sort((a, b) => a.id - b.id);
  return { unchanged, added, changed, moved, removed, known };
}

/**
 * Makes an index what its source is. Pictures that moved keep their ids; those whose contents changed get new ones.
 * @returns what could not be added @throws NeurodexError `index-fixed` where no picture would be left; `interrupted`
 */
export async function applyDifferences(
  writer: IndexWriter,
  { added, changed, moved, removed }: Differences,
  options: UpdateOptions = {},
): Promise<Addition> {
  const gone = [...removed, ...changed].map(({ id }) => id);
  const rename = moved.map(({ id, source: { path, labels } }) => ({ id, path, labels }));
  return await addPictures(writer, [...changed.map(({ source }) => source), ...added], {
    ...options,
    with: { remove: gone, rename },
  });
}

async function digestOrReason(source: SourcePicture): Promise<{ source: SourcePicture; sha256: string } | FailedInput> {
  try {
    return {
      source,
      sha256: createHash('sha256')
        .update(await source.read())
        .digest('hex'),
    };
  } catch (error) {
    return failedInput(source.path, error);
  }
}
