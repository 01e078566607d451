import * as z from 'zod';
import type { Downloads } from './downloads.ts';
import { downloadFailed } from './failures.ts';
import type { HostRules } from './hosts.ts';
import type { Gate, RemoteFile } from './remote-file.ts';

/** A split of a data set on Hugging Face's hub that is published as Parquet. */
export interface HubDataset {
  /** `owner/name` */
  readonly repo: string;
  /** Branch, tag or commit; `main` by default. */
  readonly revision?: string;
  /** Where the Parquet files are; `data` by default, '' for the top. */
  readonly folder?: string;
  /** The files are called `<split>-….parquet`, or lie in a folder of that name. */
  readonly split: string;
  /** Access has to be granted: HF_TOKEN is sent. */
  readonly gated?: boolean;
}

const HUB = 'https://huggingface.co';
/** Where it keeps large files. */
const HUB_HOSTS = ['huggingface.co', '*.huggingface.co', '*.hf.co'];
/** A hundred thousand files. */
const LARGEST_LIST = 1 << 26;

/** What the hub says of a revision: its commit, and every file with its size; large ones with their digest. */
const revisionSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string(),
      size: z.number().int().nonnegative().optional(),
      lfs: z.object({ sha256: z.string(), size: z.number().int().nonnegative() }).nullish(),
    }),
  ),
});

/**
 * The Parquet files of a split, by name, with their sizes and digests: of the commit that the revision names now, so that
 * all of them belong together. HF_ENDPOINT names another hub. The list is kept, for when the hub cannot be reached.
 * @throws NeurodexError as `Downloads.bytes`; `download-failed` when there are no such files
 */
export async function hubParquetFiles(
  downloads: Downloads,
  dataset: HubDataset,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly RemoteFile[]> {
  const { repo, revision = 'main', folder = 'data', split, gated = false } = dataset;
  const { hub, hosts } = hubOf(environment);
  const gate: { gate?: Gate } = gated ? { gate: { page: `${HUB}/datasets/${repo}`, token: 'HF_TOKEN' } } : {};
  const list: RemoteFile = {
    url: `${hub}/api/datasets/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`,
    name: `the list of files of ${repo}`,
    hosts,
    atMost: LARGEST_LIST,
    ...gate,
  };
  const { sha, siblings } = parse(list, await downloads.bytes(list, { keep: true }));
  const below = folder === '' ? '' : `${folder}/`;
  const files = siblings.filter(
    ({ rfilename }) =>
      rfilename.startsWith(below) && rfilename.endsWith('.parquet') && !/(^|\/)\.{1,2}(\/|$)/.test(rfilename),
  );
  const chosen = files.filter(({ rfilename }) => splitOf(rfilename.slice(below.length)) === split);
  if (chosen.length === 0)
    throw noSuchSplit(
      list,
      dataset,
      below,
      files.map(({ rfilename }) => rfilename.slice(below.length)),
    );
  return chosen
    .map(({ rfilename, size, lfs }): RemoteFile => {
      const bytes = lfs?.size ?? size;
      return {
        url: `${hub}/datasets/${repo}/resolve/${sha}/${encoded(rfilename)}`,
        name: `${repo}/${rfilename}`,
        hosts,
        ...(bytes === undefined ? {} : { bytes }),
        ...(lfs ? { sha256: lfs.sha256 } : {}),
        ...gate,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** The hub that the environment names, and the servers that may send its files. */
function hubOf(environment: Readonly<Record<string, string | undefined>>): { hub: string; hosts: HostRules } {
  const named = environment.HF_ENDPOINT?.trim();
  const hub = (named || HUB).replace(/\/+$/, '');
  return { hub, hosts: { names: HUB_HOSTS, ...(named ? { named: hub, namedHasStorage: true } : {}) } };
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** A file of a model on Hugging Face's hub. */
export interface HubModelFile {
  /** `owner/name` */
  readonly repo: string;
  /** A commit: what it names does not change. */
  readonly revision: string;
  /** Below the top of the repository. */
  readonly path: string;
  /** Its size. */
  readonly bytes: number;
  /** Hexadecimal, lower case. */
  readonly sha256?: string;
}

/**
 * The address of a file of a model, for people.
 * @param environment HF_ENDPOINT names another hub than huggingface.co
 * @example
 * ```ts
 * import { hubModelUrl } from '@neurodex/datasets/download';
 *
 * const file = { repo: 'owner/name', revision: 'main', path: 'onnx/model.onnx' };
 * console.log(hubModelUrl(file, {})); // → https://huggingface.co/owner/name/resolve/main/onnx/model.onnx
 * ```
 */
export const hubModelUrl = (
  { repo, revision, path }: Pick<HubModelFile, 'repo' | 'revision' | 'path'>,
  environment: Readonly<Record<string, string | undefined>>,
): string => `${hubOf(environment).hub}/${repo}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`;

/**
 * Where a file of a model is. Without a digest of its own, a large file gets the one that the hub lists for it.
 * @throws NeurodexError as `Downloads.bytes`, where the hub has to be asked; `download-failed` where it has no such file
 * @example
 * ```ts
 * import { createDownloads, hubModelFile } from '@neurodex/datasets/download';
 *
 * const model = { repo: 'owner/name', revision: 'main', path: 'model.onnx', bytes: 1e6, sha256: '0'.repeat(64) };
 * const { name, url } = await hubModelFile(createDownloads({ cache: 'cache' }), model, {});
 * console.log(name, url); // → owner/name/model.onnx https://huggingface.co/owner/name/resolve/main/model.onnx
 * ```
 */
export async function hubModelFile(
  downloads: Downloads,
  { repo, revision, path, bytes, sha256 }: HubModelFile,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RemoteFile> {
  const { hub, hosts } = hubOf(environment);
  const gate: Gate = { page: `${HUB}/${repo}`, token: 'HF_TOKEN' };
  const file: RemoteFile = {
    url: hubModelUrl({ repo, revision, path }, environment),
    name: `${repo}/${path}`,
    hosts,
    bytes,
    gate,
  };
  if (sha256 !== undefined) return { ...file, sha256 };
  const list: RemoteFile = {
    url: `${hub}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`,
    name: `the list of files of ${repo}`,
    hosts,
    atMost: LARGEST_LIST,
    gate,
  };
  const { siblings } = parse(list, await downloads.bytes(list, { keep: true }));
  const found = siblings.find(({ rfilename }) => rfilename === path);
  if (found === undefined) throw downloadFailed(file, `${repo} has no file ${path}`, 'take another revision of it');
  return found.lfs ? { ...file, sha256: found.lfs.sha256 } : file;
}

/** `train-00000-of-00002.parquet`, `train.parquet` and `train/0000.parquet` are of the split `train`. */
export function splitOf(path: string): string {
  const parts = path.split('/');
  const folder = parts.at(-2);
  if (folder !== undefined) return folder;
  return (parts.at(-1) ?? '').replace(/\.parquet$/, '').replace(/-\d{5}-of-\d{5}(?:-.*)?$|-\d+$/, '');
}

function parse(list: RemoteFile, bytes: Uint8Array): z.infer<typeof revisionSchema> {
  try {
    return revisionSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    const hint = 'HF_ENDPOINT must name a hub with the interface of huggingface.co; leave it out to ask that one';
    throw downloadFailed(list, 'the server answered something else than such a list', hint, error);
  }
}

function noSuchSplit(list: RemoteFile, dataset: HubDataset, below: string, paths: readonly string[]) {
  const splits = [...new Set(paths.map(splitOf))].sort();
  const where = below === '' ? dataset.repo : `${dataset.repo}/${below}`;
  const found = splits.length === 0 ? 'no Parquet files at all' : `the splits ${splits.join(', ')}`;
  const what = `there is no split ${dataset.split} in ${where}, but ${found}`;
  return downloadFailed(list, what, 'choose one of the splits, or another revision or folder of the data set');
}
