import {
  COCO_SPLITS,
  COCO_YEARS,
  type CocoSplit,
  type CocoYear,
  DATASET_FLAGS,
  type DatasetFlag,
  LABEL_SOURCES,
  type LabelSource,
} from '@neurodex/datasets/names';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import type { OpenedSource } from '../jobs/open-source.ts';
import { PRESETS } from '../presets/presets.ts';
import { collected, oneOf, parseSeed, suggesting, text, wholeNumber } from './arguments.ts';
import type { Context, Work } from './command.ts';

/** Flags of the commands that open a SOURCE. */
export interface SourceFlags {
  readonly from?: string;
  readonly concepts?: number;
  readonly cocoYear?: CocoYear;
  readonly cocoSplit?: CocoSplit;
  readonly classLevel?: number;
  readonly labels?: LabelSource;
  readonly labelColumn?: string;
  readonly pictureColumn?: string;
}

/** Flags that say how it is made into an index or a data set. */
export interface ConfigurationFlags {
  readonly preset?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  /** 0 by default. */
  readonly seed?: number;
}

/** The flags of a source that were given, as they are written. */
export const sourceFlagsOf = (flags: SourceFlags): string[] =>
  (Object.keys(DATASET_FLAGS) as DatasetFlag[]).flatMap((name) =>
    flags[name] === undefined ? [] : [DATASET_FLAGS[name]],
  );

export const SOURCE_HELP = 'folder, archive or file of pictures, or the name of a data set (neurodex dataset list)';

export const DEDUPE_HELP =
  'of pictures that show the same take only the best (dataset.dedupe; see neurodex duplicates)';

/** What is set of the configuration, by `--set` and by flags of their own. */
export const settingsOf = ({ set = [], dedupe }: ConfigurationFlags & { readonly dedupe?: true }): string[] => [
  ...set,
  ...(dedupe === true ? ['dataset.dedupe=true'] : []),
];

export const withSource = (command: Command): Command =>
  command
    .option('--from <path>', 'where the copy of a named data set is (downloaded by default)', text('--from'))
    .option('--concepts <n>', 'with emoji: how many concepts (64 by default)', wholeNumber('--concepts', 2))
    .option(
      '--coco-year <year>',
      `with coco: ${COCO_YEARS.join(' or ')} (2014 by default)`,
      oneOf('--coco-year', COCO_YEARS),
    )
    .option(
      '--coco-split <part>',
      `with coco: ${COCO_SPLITS.join(' or ')} (val by default)`,
      oneOf('--coco-split', COCO_SPLITS),
    )
    .option(
      '--class-level <n>',
      'with a folder: which folder of a path is the class, 1 for the first, 0 for no classes (by the layout by default)',
      wholeNumber('--class-level', 0, 100, 1),
    )
    .option(
      '--labels <source>',
      `with a folder: where labels come from, ${LABEL_SOURCES.join(', ')} (dataset.labels; layout by default)`,
      oneOf('--labels', LABEL_SOURCES),
    )
    .option(
      '--label-column <name>',
      'with Parquet, JSON lines or a table: the column or key of the labels',
      text('--label-column'),
    )
    .option(
      '--picture-column <name>',
      'with Parquet, JSON lines or a table: the column or key of the pictures',
      text('--picture-column'),
    );

export const withConfiguration = (command: Command): Command =>
  command
    .option(
      '--preset <name>',
      `complete configuration to start from: ${Object.keys(PRESETS).join(', ')}`,
      suggesting(text('--preset'), Object.keys(PRESETS)),
    )
    .option('--config <file>', 'JSON file with configuration keys', text('--config'))
    .option('--set <key=value>', 'one configuration key; may be repeated', collected('--set'))
    .option('--seed <integer>', 'makes the run repeatable (0 by default)', parseSeed);

/**
 * @param base of the run that is gone on with, where there is one
 * @throws NeurodexError `unknown-preset`, `config-*`
 */
export async function configurationOf(flags: ConfigurationFlags, { io }: Context, base?: Config): Promise<Config> {
  const { resolveConfiguration } = await import('./configuration.ts');
  return await resolveConfiguration({
    preset: flags.preset,
    file: flags.config,
    settings: flags.set ?? [],
    cwd: io.cwd,
    ...(base === undefined ? {} : { base }),
  });
}

/**
 * Opens what SOURCE names.
 * @throws NeurodexError `source-*`, `usage`, `config-invalid`, and those of downloads and archives
 */
export async function sourceOf(
  source: string,
  flags: SourceFlags,
  { config, seed }: { readonly config: Config; readonly seed: number },
  context: Context,
  { reporter, path }: Work,
): Promise<OpenedSource> {
  const { io, services } = context;
  const { from, concepts, cocoYear, cocoSplit, classLevel, labels, labelColumn, pictureColumn } = flags;
  return await services.jobs.openSource({
    source,
    path: path(source),
    ...(from === undefined ? {} : { from: path(from) }),
    ...(concepts === undefined ? {} : { concepts }),
    ...(cocoYear === undefined ? {} : { cocoYear }),
    ...(cocoSplit === undefined ? {} : { cocoSplit }),
    ...(classLevel === undefined ? {} : { classLevel }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(pictureColumn === undefined ? {} : { pictureColumn }),
    config: labels === undefined ? config : { ...config, dataset: { ...config.dataset, labels } },
    seed,
    environment: io.env,
    reporter,
    ...(io.signal === undefined ? {} : { signal: io.signal }),
  });
}
