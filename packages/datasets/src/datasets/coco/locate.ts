import { dirname, join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { unpacked } from '../unpacked.ts';
import { type CocoOptions, cocoHosts, cocoServer } from './options.ts';
import { kindOf } from './parts.ts';

/** Where the parts of a COCO split are on this machine. */
export interface CocoFiles {
  readonly instances: string;
  /** Not there: the pictures have no captions. */
  readonly captions: string | undefined;
  /** The folder of the pictures; not there: they are fetched. */
  readonly pictures: string | undefined;
}

async function firstOf(kind: 'file' | 'folder', paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await kindOf(path)) === kind) return path;
  return undefined;
}

/**
 * The annotation files of a split, from the local copy as COCO's archives unpack (`annotations/instances_val2014.json`,
 * pictures in `val2014/`), from the zip itself, or from the server.
 * @throws NeurodexError `source-missing` (naming what was looked for), and those of archives and downloads
 */
export async function locateAnnotations(options: CocoOptions): Promise<CocoFiles> {
  const { year, split, from, environment, cache, reporter, signal } = options;
  const part = `${split}${year}`;
  const unpack = {
    cache,
    ...(reporter === undefined ? {} : { reporter }),
    ...(signal === undefined ? {} : { signal }),
  };
  if (from === undefined) {
    const name = `annotations_trainval${year}.zip`;
    const url = `${cocoServer(environment)}/annotations/${name}`;
    const archive = await options.downloads().file({ url, name, hosts: cocoHosts(environment) });
    return await filesIn([await unpacked(archive, unpack)], part, undefined, archive);
  }
  const kind = await kindOf(from);
  if (kind === undefined) {
    throw new NeurodexError('source-missing', `${from} does not exist`, {
      hint: 'check the path for a typing error, or leave out --from to download it',
      details: { path: from },
    });
  }
  if (kind === 'file') {
    if (from.endsWith('.zip')) return await filesIn([await unpacked(from, unpack)], part, undefined, from);
    // One of the two JSON files: the other is beside it, and the pictures one folder up.
    return await filesIn([dirname(from)], part, dirname(dirname(from)), from);
  }
  const plain = await firstOf('file', jsonPaths([from], part, 'instances'));
  if (plain !== undefined) return await filesIn([from], part, from, from);
  const zip = `annotations_trainval${year}.zip`;
  const archive = await firstOf('file', [join(from, zip), join(from, 'annotations', zip)]);
  if (archive === undefined) {
    throw missing(`${from} holds neither annotations/instances_${part}.json nor ${zip}`, from);
  }
  return await filesIn([await unpacked(archive, unpack)], part, from, archive);
}

const jsonPaths = (folders: readonly string[], part: string, what: 'instances' | 'captions'): string[] =>
  folders.flatMap((folder) => [
    join(folder, 'annotations', `${what}_${part}.json`),
    join(folder, `${what}_${part}.json`),
  ]);

async function filesIn(
  folders: readonly string[],
  part: string,
  pictures: string | undefined,
  named: string,
): Promise<CocoFiles> {
  const instances = await firstOf('file', jsonPaths(folders, part, 'instances'));
  if (instances === undefined) throw missing(`${named} has no instances_${part}.json`, named);
  const places = pictures === undefined ? [] : [part, `images/${part}`, 'images'].map((at) => join(pictures, at));
  return {
    instances,
    captions: await firstOf('file', jsonPaths(folders, part, 'captions')),
    pictures: await firstOf('folder', places),
  };
}

const missing = (what: string, path: string): NeurodexError =>
  new NeurodexError('source-missing', what, {
    hint: 'choose the part with --coco-year and --coco-split, or leave out --from to download it',
    details: { path },
  });
