import type { Downloads, RemoteFile } from './downloads.ts';

/** A split of a data set on Hugging Face's hub that is published as Parquet. */
export interface HubDataset {
  /** `owner/name` */
  readonly repo: string;
  /** Branch, tag or commit; `main` unless told. */
  readonly revision?: string;
  /** Where the Parquet files are; `data` unless told. */
  readonly folder?: string;
  /** The files are called `<split>-….parquet`, or lie in a folder of that name. */
  readonly split: string;
  /** Access has to be granted: HF_TOKEN is sent. */
  readonly gated?: boolean;
}

/** The Parquet files of a split, in order, with their sizes and digests. HF_ENDPOINT names another hub. */
export async function hubParquetFiles(
  _downloads: Downloads,
  _dataset: HubDataset,
  _environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly RemoteFile[]> {
  throw new Error('in work');
}
