import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, type Reporter, silentReporter } from '@neurodex/core';
import { JsonProblem, ofOneLine, parseJson } from '@neurodex/core/json';
import { inOrder, throwIfInterrupted } from '@neurodex/core/storage';
import type { LayoutNote, SkippedFile } from '../dataset.ts';
import { captionsOfText, factsOfRecord, type RecordFacts } from '../record-facts.ts';

/** What the files beside pictures say of them: of each picture, by its path. */
export interface Sidecars {
  readonly facts: ReadonlyMap<string, RecordFacts>;
  /** What was passed over, without the files that are used, and with reasons for those that are damaged. */
  readonly skipped: readonly SkippedFile[];
  readonly layout: readonly LayoutNote[];
}

/** Bytes of a file beside a picture; a larger one is about something else. */
const LARGEST = 1 << 20;
/** Files in work at a time. */
const WIDTH = 8;
/** Google Takeout cuts this where the name gets too long. */
const TAKEOUT = 'supplemental-metadata';

const stemOf = (path: string): string => {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
};

/** Pictures by their paths and by their paths without the ending. */
class Beside {
  private readonly files: ReadonlySet<string>;
  private readonly stems = new Map<string, string[]>();

  constructor(files: readonly string[]) {
    this.files = new Set(files);
    for (const file of files) {
      const stem = stemOf(file);
      // Instaloader numbers the pictures of a post; Google Takeout keeps what it describes under the name of the original.
      for (const name of new Set([
        stem,
        stem.replace(/(_UTC)_\d+$/, '$1'),
        stem.replace(/-(?:edited|bearbeitet)$/, ''),
      ])) {
        const list = this.stems.get(name);
        if (list === undefined) this.stems.set(name, [file]);
        else list.push(file);
      }
    }
  }

  /** The pictures that a file is about by its name: `a.jpg.json`, `a.json`, `a.info.json`, `a.jpg.supplemental-metadata(1).json`. */
  picturesOf(path: string): readonly string[] {
    const name = stemOf(path);
    const exact = this.named(name);
    if (exact.length > 0) return exact;
    if (/\.txt$/i.test(path)) return this.stems.get(name) ?? [];
    const [, counted, number] = /^(.*)\((\d+)\)$/s.exec(name) ?? [];
    const bare = withoutTakeout(counted ?? name);
    const numbered = number === undefined ? bare : bare.replace(/(\.[^./]*)$/, `(${number})$1`);
    const taken = this.named(numbered);
    if (taken.length > 0) return taken;
    return this.stems.get(name.replace(/\.info$/, '')) ?? [];
  }

  /** The picture of that name, and the one that was edited. */
  private named(name: string): string[] {
    if (!this.files.has(name)) return [];
    return [
      name,
      ...(this.stems.get(stemOf(name)) ?? []).filter((file) => /-(?:edited|bearbeitet)\.[^.]*$/.test(file)),
    ];
  }
}

function withoutTakeout(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 && dot < name.length - 1 && TAKEOUT.startsWith(name.slice(dot + 1)) ? name.slice(0, dot) : name;
}

export interface SidecarOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

/**
 * Captions, and labels under their own keys, in files beside pictures, as img2dataset, gallery-dl, yt-dlp, Instaloader, Google Takeout
 * and trainers of captions leave them: JSON and text under the name of the picture. Files that say nothing stay what they were.
 * @param files pictures, `skipped`: what else was found; relative to `root`
 * @throws NeurodexError `interrupted`
 */
export async function readSidecars(
  root: string,
  files: readonly string[],
  skipped: readonly SkippedFile[],
  { reporter = silentReporter, signal }: SidecarOptions = {},
): Promise<Sidecars> {
  const candidates = skipped.filter(({ path, expected }) => !expected && /\.(?:json|txt)$/i.test(path));
  if (candidates.length === 0) return { facts: new Map(), skipped, layout: [] };
  const beside = new Beside(files);
  const about = candidates
    .map(({ path }) => ({ path, pictures: beside.picturesOf(path) }))
    .filter(({ pictures }) => pictures.length > 0);
  const facts = new Map<string, RecordFacts>();
  const reasons = new Map<string, string | undefined>();
  let done = 0;
  for await (const { path, pictures, said } of inOrder(about, WIDTH, async (each) => ({
    ...each,
    said: await factsIn(join(root, each.path)),
  }))) {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'sidecars', done: ++done, total: about.length, unit: 'files' });
    if (said === undefined) continue;
    if ('reason' in said) {
      reasons.set(path, said.reason);
      continue;
    }
    reasons.set(path, undefined);
    for (const picture of pictures) facts.set(picture, merged(facts.get(picture), said));
  }
  const left = skipped.flatMap((each): SkippedFile[] => {
    if (!reasons.has(each.path)) return [each];
    const reason = reasons.get(each.path);
    return reason === undefined
      ? []
      : [{ path: each.path, reason, group: 'files beside pictures that cannot be used' }];
  });
  const used = [...reasons.values()].filter((reason) => reason === undefined).length;
  if (used === 0) return { facts, skipped: left, layout: [] };
  const message = `captions come from ${used.toLocaleString('en-US')} files beside the pictures (${about.find(({ path }) => reasons.get(path) === undefined && reasons.has(path))?.path})`;
  return { facts, skipped: left, layout: [{ message }] };
}

function merged(known: RecordFacts | undefined, said: RecordFacts): RecordFacts {
  if (known === undefined) return said;
  return {
    labels: [...new Set([...known.labels, ...said.labels])],
    captions: [...new Set([...known.captions, ...said.captions])],
  };
}

/** @returns undefined for a file that says nothing of a picture */
async function factsIn(path: string): Promise<RecordFacts | { readonly reason: string } | undefined> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size === 0 || size > LARGEST) return undefined;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    return error instanceof TypeError ? { reason: 'it is beside a picture, and not text in UTF-8' } : undefined;
  }
  if (/\.txt$/i.test(path)) {
    const captions = captionsOfText(text);
    return captions.length === 0 ? undefined : { labels: [], captions };
  }
  try {
    const record = parseJson(text.trim());
    const said = isRecord(record) ? factsOfRecord(record) : undefined;
    return said !== undefined && !('reason' in said) && said.labels.length + said.captions.length === 0
      ? undefined
      : said;
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    return { reason: `it is beside a picture, and ${ofOneLine(error).replace(/^is /, '')}` };
  }
}
