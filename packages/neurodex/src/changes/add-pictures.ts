import { availableParallelism } from 'node:os';
import { type FailedInput, failedInput, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { SourcePicture } from '@neurodex/datasets';
import { DamagedMetadata } from '../pictures/damaged-metadata.ts';
import { type DescribedPicture, MANY, type ReadPicture } from './describe-pictures.ts';
import type { ChangeSet, IndexWriter } from './index-writer.ts';

export interface AddOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** What else becomes of the index, together with the first of the pictures. */
  readonly with?: Pick<ChangeSet, 'remove' | 'rename'>;
}

/** A picture that is in the index now. */
export interface AddedPicture {
  readonly id: number;
  readonly path: string;
}

export interface Addition {
  readonly added: readonly AddedPicture[];
  /** Pictures whose bytes were in the index already, and the picture that has them. */
  readonly known: readonly { readonly path: string; readonly as: string }[];
  readonly failed: readonly FailedInput[];
}

/** Pictures that a change adds at the most: what is made of them waits in memory. */
const TOGETHER = 4096;
/** Pictures that are decoded at a time: one is decoded before the next one can be handed on. */
const LEAST_IN_WORK = 8;

/**
 * Adds pictures to an index: thousands in each change, so that what was added stays added, whatever happens then. A picture that
 * cannot be read is in `failed`, one whose file is in the index already in `known`.
 * @throws NeurodexError `interrupted`, `disk-full`, `output-unwritable`
 */
export async function addPictures(
  writer: IndexWriter,
  sources: readonly SourcePicture[],
  { reporter = silentReporter, signal, with: rest = {} }: AddOptions = {},
): Promise<Addition> {
  const addition = new Adding(writer, rest);
  const damaged = new DamagedMetadata();
  let done = 0;
  const width = sources.length === 1 ? 1 : Math.max(LEAST_IN_WORK, 2 * availableParallelism());
  for await (const read of inOrder(sources, width, (source) => readOrReason(writer, source))) {
    throwIfInterrupted(signal);
    await addition.take(read);
    if (!('code' in read)) damaged.add(read.source.path, read.described.damaged);
    reporter.progress({ phase: 'add', done: ++done, total: sources.length, unit: 'pictures' });
  }
  damaged.report(reporter);
  return await addition.finish();
}

type Read = ReadPicture | FailedInput;

const readOrReason = (writer: IndexWriter, source: SourcePicture): Promise<Read> =>
  writer.read(source).catch((error) => failedInput(source.path, error));

/** What is on its way into an index. */
class Adding {
  private readonly writer: IndexWriter;
  private readonly added: AddedPicture[] = [];
  private readonly known: Addition['known'][number][] = [];
  private readonly failed: FailedInput[] = [];
  private readonly read: ReadPicture[] = [];
  private readonly described: DescribedPicture[] = [];
  /** Of what waits: paths by the digest of their file, and all paths. */
  private readonly byDigest = new Map<string, string>();
  private readonly paths = new Set<string>();

  private rest: NonNullable<AddOptions['with']>;
  /** Names and files that become free. */
  private readonly freed: { readonly paths: ReadonlySet<string>; readonly ids: ReadonlySet<number> };

  constructor(writer: IndexWriter, rest: NonNullable<AddOptions['with']>) {
    this.writer = writer;
    this.rest = rest;
    const ids = new Set(rest.remove ?? []);
    const former = [...ids, ...(rest.rename ?? []).map(({ id }) => id)];
    this.freed = { ids, paths: new Set(former.flatMap((id) => writer.pictures.picture(id)?.path ?? [])) };
    for (const { path } of rest.rename ?? []) this.paths.add(path);
  }

  async take(read: Read): Promise<void> {
    if ('code' in read) {
      this.failed.push(read);
      return;
    }
    const { writer } = this;
    const { path } = read.source;
    const stored = writer.pictures.withDigest(read.sha256);
    const stays = stored === undefined || this.freed.ids.has(stored.id) ? undefined : stored.path;
    const same = this.byDigest.get(read.sha256) ?? stays;
    if (same !== undefined) {
      this.known.push({ path, as: same });
      return;
    }
    if (this.paths.has(path) || (writer.pictures.named(path) !== undefined && !this.freed.paths.has(path))) {
      this.failed.push(failedInput(path, taken(path)));
      return;
    }
    this.byDigest.set(read.sha256, path);
    this.paths.add(path);
    this.read.push(read);
    if (this.read.length === MANY) await this.describe();
    if (this.described.length >= TOGETHER) await this.commit();
  }

  async finish(): Promise<Addition> {
    await this.describe();
    await this.commit();
    const { added, known, failed } = this;
    return { added, known, failed };
  }

  private async describe(): Promise<void> {
    if (this.read.length > 0) this.described.push(...(await this.writer.describe(this.read)));
    this.read.length = 0;
  }

  private async commit(): Promise<void> {
    const { remove = [], rename = [] } = this.rest;
    if (this.described.length + remove.length + rename.length === 0) return;
    const { ids } = await this.writer.change({ add: this.described, remove, rename });
    this.rest = {};
    for (const [i, { source }] of this.described.entries()) {
      this.added.push({ id: ids[i] ?? NaN, path: source.path });
    }
    this.described.length = 0;
    this.byDigest.clear();
    this.paths.clear();
  }
}

const taken = (path: string): NeurodexError =>
  new NeurodexError('picture-changed', `the index has another picture with the name ${path}`, {
    hint: 'remove that one first, or follow its folder with `neurodex update`',
    details: { picture: path },
  });
