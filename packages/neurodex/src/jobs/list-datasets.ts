import { DATASET_FLAGS, DATASETS, type DatasetFlag, type DatasetName, declarationOf } from '@neurodex/datasets';

export interface ListedDataset {
  readonly name: DatasetName;
  /** SOURCE may be its name; else it is recognised by its files. */
  readonly named: boolean;
  readonly summary: string;
  readonly forms: readonly string[];
  readonly licence: string;
  readonly flags: readonly string[];
}

/** Every data set, and every form that your own pictures may have. */
export const listDatasets = (): ListedDataset[] =>
  (Object.keys(DATASETS) as DatasetName[]).map((name) => {
    const { named, summary, forms, licence, flags } = declarationOf(name);
    return { name, named, summary, forms, licence, flags: flags.map((flag: DatasetFlag) => DATASET_FLAGS[flag]) };
  });
