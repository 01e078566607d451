import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { openFolder, type SourcePicture } from '@neurodex/datasets';
import { addPictures } from '../packages/neurodex/src/changes/add-pictures.ts';
import { IndexWriter } from '../packages/neurodex/src/changes/index-writer.ts';
import { StateEncoder } from '../packages/neurodex/src/dsi/search/state-encoder.ts';
import { verifyIndex } from '../packages/neurodex/src/jobs/verify-index.ts';
import { storedQuery } from '../packages/neurodex/src/pictures/stored-query.ts';
import { pictureInput } from '../packages/neurodex/src/query/model-inputs.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { median, percentile } from './statistics.ts';

/** Folders of pictures: those of the index, and the same with others beside them. */
export interface Growth {
  readonly before: string;
  readonly after: string;
}

const SINGLE = 1000;
const REMOVED = 20;
const OPENED = 7;
const BATCH = 64;

/** Catalogue pictures of the larger folder that the smaller one does not have, in an order that mixes the classes. */
export async function newPictures({ before, after }: Growth): Promise<SourcePicture[]> {
  const had = new Set((await openFolder(before)).pictures.map(({ path }) => path));
  const all = (await openFolder(after)).pictures;
  const fresh = all.filter(({ path, role }) => role === 'catalogue' && !had.has(path));
  const byNumber = (a: SourcePicture, b: SourcePicture): number => (nameOf(a.path) < nameOf(b.path) ? -1 : 1);
  return fresh.map(({ role: _, ...picture }) => picture).sort(byNumber);
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Milliseconds from the file to an index on the disk that has it, one picture after another. */
export async function addOneByOne(index: string, growth: Growth) {
  const pictures = (await newPictures(growth)).slice(0, SINGLE);
  const writer = await IndexWriter.open(index, nodeRuntime());
  const times: number[] = [];
  try {
    for (const picture of pictures) {
      const began = performance.now();
      const { added } = await addPictures(writer, [picture]);
      if (added.length !== 1) throw new Error(`${picture.path} was not added`);
      times.push(performance.now() - began);
    }
  } finally {
    await writer.close();
  }
  return {
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    most: percentile(times, 1),
    changes: times.length,
  };
}

/** Median milliseconds until an index is open and has answered one query. */
export async function openMilliseconds(folder: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < OPENED; i++) {
    const began = performance.now();
    const index = await openIndex(folder, nodeRuntime());
    await (await index.system('dsi')).rank([storedQuery(index.store, 0)], 10);
    times.push(performance.now() - began);
    await index.close();
  }
  return median(times);
}

/** Removes pictures that were added and others, one by one; what is left of them; and whether adding and removing leaves a trace. */
export async function removeSome(folder: string, growth: Growth) {
  const writer = await IndexWriter.open(folder, nodeRuntime());
  const times: number[] = [];
  const gone: string[] = [];
  let differing = 0;
  try {
    const pictures = writer.pictures.rows.filter(({ role }) => role === 'catalogue');
    const step = Math.floor(pictures.length / REMOVED);
    for (let i = 0; i < REMOVED; i++) {
      const { id, path } = defined(pictures[i * step], 'a picture');
      const began = performance.now();
      await writer.change({ remove: [id] });
      times.push(performance.now() - began);
      gone.push(path);
    }
    const before = await digests(folder);
    const others = (await newPictures(growth)).slice(SINGLE, SINGLE + 37);
    const { added } = await addPictures(writer, others);
    await writer.change({ remove: added.map(({ id }) => id) });
    const after = await digests(folder);
    for (const name of new Set([...before.keys(), ...after.keys()]))
      if (before.get(name) !== after.get(name)) differing++;
  } finally {
    await writer.close();
  }
  const without = gone.map((name) => ({ name, path: join(growth.after, name) }));
  const { traces, files, bytes, rowsDigest } = await verifyIndex({ index: folder, without, reporter: silentReporter });
  return {
    seconds: median(times) / 1000,
    removed: gone.length,
    traces: traces.length,
    files,
    bytes,
    rowsDigest,
    differing,
  };
}

/** Of all files but the manifest, whose counters go on, and the list of files, which has its size. */
async function digests(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = new Map<string, string>();
  for (const entry of entries) {
    const name = relative(folder, join(entry.parentPath, entry.name));
    if (!entry.isFile() || ['index.json', 'files.json', 'lock'].includes(name)) continue;
    found.set(
      name,
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex'),
    );
  }
  return found;
}

/** Pictures a second that the network alone makes states of, the pictures in memory. */
export async function encoderRate(folder: string, _growth: Growth) {
  const runtime = nodeRuntime();
  const index = await openIndex(folder, runtime);
  try {
    const { geometry, parameters } = (await index.network()).model;
    const queries = index.store.catalogue.slice(0, BATCH).map(({ row }) => storedQuery(index.store, row));
    const input = await pictureInput(geometry).feed(queries, BATCH, geometry, undefined);
    const encoder = await StateEncoder.create(runtime, geometry, BATCH, parameters);
    for (let i = 0; i < 10; i++) await encoder.encode(input);
    const began = performance.now();
    const batches = 100;
    for (let i = 0; i < batches; i++) await encoder.encode(input);
    const rate = (1000 * batches * BATCH) / (performance.now() - began);
    await encoder.release();
    return { rate };
  } finally {
    await index.close();
  }
}

/** Adds all that are new in one go. */
export async function addAll(index: string, growth: Growth) {
  const pictures = await newPictures(growth);
  const writer = await IndexWriter.open(index, nodeRuntime({ spinning: false }));
  try {
    const began = performance.now();
    const { added } = await addPictures(writer, pictures);
    const seconds = (performance.now() - began) / 1000;
    return { added: added.length, seconds, rate: added.length / seconds, changes: writer.changes };
  } finally {
    await writer.close();
  }
}
