import { listed } from '@neurodex/core';

/** Which columns of a table, or keys of JSON lines, hold what, where somebody says so. */
export interface ColumnFlags {
  /** `--picture-column` */
  readonly pictureColumn?: string;
  /** `--label-column` */
  readonly labelColumn?: string;
}

/** 'className', 'class_name' and 'Class Name' are one. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const LABELS: ReadonlySet<string> = new Set(
  'label labels class classes classname classnames classlabel classlabels classid category categories categoryname categoryid target targets labelname labelnames labeltext labelid finelabel coarselabel tag tags species breed choice'.split(
    ' ',
  ),
);
/** The likeliest first. */
const PICTURES: readonly string[] =
  'picture image filename imagepath imagefile imagefilename picturepath path filepath file img photo jpg jpeg png webp imagebytes bytes'.split(
    ' ',
  );

/** The names, of all there are, that are usually given to labels. */
export const labelNames = (names: readonly string[]): string[] => names.filter((name) => LABELS.has(plainName(name)));

/** The name, of all there are, that is likeliest to be the picture's. */
export function pictureName(names: readonly string[]): string | undefined {
  for (const likely of PICTURES) {
    const found = names.find((name) => plainName(name) === likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All names that are usually given to pictures, the likeliest first. */
export const pictureNames = (names: readonly string[]): string[] =>
  PICTURES.flatMap((likely) => names.filter((name) => plainName(name) === likely));

/** Several names might be the label's: nobody but the user knows which. */
export const ambiguousLabels = (what: string, names: readonly string[]): string =>
  `has several ${what} that may be the label (${listed(names)}); --label-column names the one to read`;
