import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RemoteFile } from '../../download/remote-file.ts';
import type { Dataset, LicenceNotice } from '../dataset.ts';
import type { OpenDatasetRequest } from '../request.ts';
import { findIdxImages, openIdx } from './idx.ts';

/** Names of the labels 0 to 9. */
export const FASHION_MNIST_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

const NOTICE: LicenceNotice = {
  work: 'Fashion-MNIST',
  author: 'Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf)',
  licence: 'MIT',
  url: 'https://github.com/zalandoresearch/fashion-mnist',
};

/** Where Debian's package dataset-fashion-mnist puts the files. */
export const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';
const SERVER = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/** The training part, with the digests that its README publishes. */
const FILES = {
  images: { name: 'train-images-idx3-ubyte.gz', md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d' },
  labels: { name: 'train-labels-idx1-ubyte.gz', md5: '25c81989df183df01b3e8a0aad5dffbe' },
} as const;

/**
 * Fashion-MNIST (Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747), the 60,000 pictures for training: from the local copy,
 * from Debian's package where it is installed, or downloaded.
 * @throws NeurodexError as `openIdx`, and those of downloads
 * @example
 * ```ts
 * import { openFashionMnist } from '@neurodex/datasets';
 * import { createDownloads } from '@neurodex/datasets/download';
 *
 * const { pictures } = await openFashionMnist({
 *   from: 'digits', // a folder with the two files; without it, they are fetched
 *   source: 'fashion-mnist',
 *   environment: process.env,
 *   downloads: () => createDownloads({ cache: 'cache' }),
 * });
 * console.log(pictures.length, pictures[0]?.path); // → 30 Ankle boot/09.png
 * ```
 */
export async function openFashionMnist({
  from,
  source,
  downloads,
  environment,
}: Pick<OpenDatasetRequest, 'from' | 'source' | 'downloads' | 'environment'>): Promise<Dataset> {
  const folder = from ?? ((await isFile(join(DEBIAN_FOLDER, FILES.images.name))) ? DEBIAN_FOLDER : undefined);
  const about = { labelled: true, classes: FASHION_MNIST_CLASSES, name: 'fashion-mnist', notices: [NOTICE] };
  if (folder !== undefined) {
    const images = (await findIdxImages(folder)) ?? join(folder, FILES.images.name);
    return { ...(await openIdx({ images, ...about })), source };
  }
  const named = environment.FASHION_MNIST_ENDPOINT?.trim();
  const server = (named || SERVER).replace(/\/+$/, '');
  const hosts = { names: [new URL(SERVER).hostname], ...(named ? { named: server } : {}) };
  const remote = ({ name, md5 }: { name: string; md5: string }): RemoteFile => ({
    url: `${server}/${name}`,
    name,
    md5,
    hosts,
  });
  const [images, labels] = [await downloads().file(remote(FILES.images)), await downloads().file(remote(FILES.labels))];
  return { ...(await openIdx({ images, labels, ...about })), source };
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false;
