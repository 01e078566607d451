import { basename } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import type { Dataset, LicenceNotice } from '../dataset.ts';
import { openHub } from '../hub.ts';
import type { OpenDatasetRequest } from '../request.ts';
import { isArchive, unpacked } from '../unpacked.ts';
import { findWnidFolders } from './find.ts';
import { openWnidFolders } from './wnid-folders.ts';

const IMAGENET_TERMS = 'for non-commercial research and education, under the terms of access of ImageNet';

const NOTICES = {
  imagenet: {
    work: 'ImageNet Large Scale Visual Recognition Challenge 2012',
    author: 'Olga Russakovsky et al.',
    licence: IMAGENET_TERMS,
    url: 'https://image-net.org/download.php',
  },
  imagenette: {
    work: 'imagenette',
    author: 'Jeremy Howard (selection), ImageNet (pictures)',
    licence: `Apache-2.0 (selection); ${IMAGENET_TERMS}`,
    url: 'https://github.com/fastai/imagenette',
  },
  'tiny-imagenet': {
    work: 'Tiny ImageNet',
    author: 'Stanford CS231n (selection), ImageNet (pictures)',
    licence: IMAGENET_TERMS,
    url: 'https://huggingface.co/datasets/zh-plus/tiny-imagenet',
  },
} as const satisfies Readonly<Record<string, LicenceNotice>>;

/** The training part of ImageNet-1k (Russakovsky et al. 2015, arXiv:1409.0575). */
export const openImagenet = (request: OpenDatasetRequest): Promise<Dataset> =>
  request.from === undefined
    ? openHub(request, {
        name: 'imagenet',
        hub: { repo: 'ILSVRC/imagenet-1k', split: 'train', gated: true },
        notices: [NOTICES.imagenet],
      })
    : openLocal(request, request.from, 'imagenet');

/** The training part of imagenette: pictures whose shorter edge has 160 pixels, unless the copy is of another size. */
export const openImagenette = (request: OpenDatasetRequest): Promise<Dataset> =>
  request.from === undefined
    ? openHub(request, {
        name: 'imagenette',
        // Its own files are pictures in archives; the hub keeps them as Parquet on this branch.
        hub: { repo: 'frgfm/imagenette', revision: 'refs/convert/parquet', folder: '160px', split: 'train' },
        notices: [NOTICES.imagenette],
        ownSize: 160,
      })
    : openLocal(request, request.from, 'imagenette');

/** The training part of Tiny ImageNet. */
export const openTinyImagenet = (request: OpenDatasetRequest): Promise<Dataset> =>
  request.from === undefined
    ? openHub(request, {
        name: 'tiny-imagenet',
        hub: { repo: 'zh-plus/tiny-imagenet', split: 'train' },
        notices: [NOTICES['tiny-imagenet']],
        ownSize: 64,
      })
    : openLocal(request, request.from, 'tiny-imagenet');

/** A copy on this machine: folders, or an archive of them. */
async function openLocal(request: OpenDatasetRequest, from: string, name: keyof typeof NOTICES): Promise<Dataset> {
  const { source, cache, reporter, signal } = request;
  const path = isArchive(from)
    ? await unpacked(from, { cache, reporter, ...(signal === undefined ? {} : { signal }) })
    : from;
  const found = await findWnidFolders(path);
  if (found === undefined) {
    throw new NeurodexError('source-unusable', `${from} does not hold train/<wnid>/ folders, as ${name} is published`, {
      hint: `name the folder that holds train/, or leave out --from to download ${name}`,
      details: { from },
    });
  }
  const ownSize = sizeOf(name, found.folder, from);
  return await openWnidFolders({
    folder: found.folder,
    split: 'train',
    name,
    source,
    notices: [NOTICES[name]],
    ...(ownSize === undefined ? {} : { ownSize }),
  });
}

/** imagenette comes in three sizes, which its folders and archives are called by. */
function sizeOf(name: keyof typeof NOTICES, ...paths: readonly string[]): number | undefined {
  if (name === 'tiny-imagenet') return 64;
  if (name === 'imagenet') return undefined;
  for (const path of paths) {
    const [, size] = /^imagenette2?-(160|320)\b/.exec(basename(path)) ?? [];
    if (size !== undefined) return Number(size);
  }
  return paths.some((path) => /^imagenette2?(\.tgz)?$/.test(basename(path))) ? undefined : 160;
}
