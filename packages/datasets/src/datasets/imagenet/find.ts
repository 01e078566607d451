import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { leftoverReason } from '../leftovers.ts';

/** A WordNet id as ImageNet's folders are called: n and eight digits. */
const WNID = /^n\d{8}$/;
export const isWnid = (name: string): boolean => WNID.test(name);

/** Where train/ is, in what was unpacked or copied: here, one folder below, or where Kaggle puts it. */
const PLACES = [
  '',
  'imagenette2-160',
  'imagenette2-320',
  'imagenette2',
  'tiny-imagenet-200',
  'ILSVRC/Data/CLS-LOC',
] as const;

export interface FoundWnidFolders {
  /** The folder that holds train/. */
  readonly folder: string;
  readonly wnids: readonly string[];
  /** It has the files of tiny-imagenet beside its pictures. */
  readonly tiny: boolean;
}

/** Folders around everything that are looked through. */
const DEEPEST = 3;

/**
 * Where a folder is laid out in wnids: `train/` holds folders, and most are called so. It may lie in one of `PLACES`, or in
 * folders that hold nothing but the next one.
 */
export async function findWnidFolders(path: string, deepest = DEEPEST): Promise<FoundWnidFolders | undefined> {
  const found = await findAt(path);
  if (found !== undefined || deepest === 0) return found;
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory() && leftoverReason(entry.name) === undefined);
  const [only] = folders;
  return folders.length === 1 && only !== undefined
    ? await findWnidFolders(join(path, only.name), deepest - 1)
    : undefined;
}

async function findAt(path: string): Promise<FoundWnidFolders | undefined> {
  for (const place of PLACES) {
    const folder = join(path, place);
    const entries = await readdir(join(folder, 'train'), { withFileTypes: true }).catch(() => []);
    const wnids = entries.filter((entry) => !entry.isFile() && isWnid(entry.name)).map((entry) => entry.name);
    if (wnids.length === 0 || 2 * wnids.length < entries.length) continue;
    const tiny = (await stat(join(folder, 'wnids.txt')).catch(() => undefined))?.isFile() ?? false;
    return { folder, wnids: wnids.sort(), tiny };
  }
  return undefined;
}

/** Tench, English springer, cassette player, chain saw, church, French horn, garbage truck, gas pump, golf ball, parachute. */
export const IMAGENETTE_WNIDS: readonly string[] = [
  'n01440764',
  'n02102040',
  'n02979186',
  'n03000684',
  'n03028079',
  'n03394916',
  'n03417042',
  'n03425413',
  'n03445777',
  'n03888257',
];

/** Whether these are classes of imagenette: some of its ten and no others. */
export const isImagenette = (wnids: readonly string[]): boolean =>
  wnids.length > 1 && wnids.every((wnid) => IMAGENETTE_WNIDS.includes(wnid));
