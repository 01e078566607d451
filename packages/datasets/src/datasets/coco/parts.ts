import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { COCO_SPLITS, COCO_YEARS, type CocoSplit, type CocoYear } from './options.ts';

export const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? 'file' : found?.isDirectory() ? 'folder' : undefined;
};

const JSON_NAME = /^(instances|captions)_(train|val)(2014|2017)\.json$/;
const ZIP_NAME = /^annotations_trainval(2014|2017)\.zip$/;

export interface CocoPart {
  readonly year: CocoYear;
  readonly split: CocoSplit;
}

/** The parts of COCO that a folder, a zip or an annotation file holds, by its names; none: it is not COCO. */
export async function cocoPartsIn(path: string): Promise<CocoPart[]> {
  const kind = await kindOf(path);
  const names =
    kind === 'file'
      ? [basename(path)]
      : kind === 'folder'
        ? [...(await readdir(path)), ...(await readdir(join(path, 'annotations')).catch(() => []))]
        : [];
  const parts = names.flatMap((name): string[] => {
    const [, , split, year] = JSON_NAME.exec(name) ?? [];
    if (split !== undefined) return name.startsWith('instances') ? [`${split}${year}`] : [];
    const [, zipYear] = ZIP_NAME.exec(name) ?? [];
    return zipYear === undefined ? [] : COCO_SPLITS.map((each) => `${each}${zipYear}`);
  });
  return COCO_YEARS.flatMap((year) => COCO_SPLITS.map((split) => ({ year, split }))).filter(({ year, split }) =>
    parts.includes(`${split}${year}`),
  );
}
