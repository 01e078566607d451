import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError } from '@neurodex/core';
import { refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import { decodePicture, readPictureFile } from '@neurodex/datasets/image';
import { closest } from 'fastest-levenshtein';
import { AttentionProbe, type TokenAttention } from '../dsi/search/attention-probe.ts';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import type { Query } from '../query/query.ts';
import { attentionPicture } from '../report/attention-picture.ts';
import { markedPng } from '../report/marked-png.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { queryOf } from './query.ts';

/** Edge of a drawn picture, in pixels. */
const EDGE = 240;

export interface AttentionOptions {
  readonly index: string;
  /** Query picture. */
  readonly file: string;
  /** Whose tokens are looked at; those of the best answer by default. */
  readonly identifier?: string;
  /** PNG to draw them in. */
  readonly out?: string;
  readonly device: Device;
}

/** What `attention --json` prints. */
export interface ShownAttention {
  readonly query: string;
  readonly identifier: string;
  /** Path of the catalogue picture that the identifier names. */
  readonly picture: string;
  readonly label: string | null;
  /** Patches along an edge of the picture: the shares below run row by row over the square of them. */
  readonly side: number;
  readonly tokens: readonly TokenAttention[];
}

/**
 * Which patches of a picture each token of an identifier looked at.
 * @throws NeurodexError of the index, `picture-*`, `usage` for an identifier that is not in the index
 */
export async function showAttention(options: AttentionOptions): Promise<ShownAttention> {
  const { file, device, out } = options;
  if (out !== undefined) await refuseForeignFile(out);
  const index = await openIndex(options.index, nodeRuntime({ device }));
  try {
    const { store, manifest } = index;
    const { model, table } = await index.network();
    const bytes = await readPictureFile(file);
    const sizes = { ...manifest.config.pictures, size: store.size };
    const query = await queryOf(bytes, file, sizes, manifest.encoder?.preprocessing);
    const picture =
      options.identifier === undefined ? store.rows[await bestRow(index, query)] : named(store, options.identifier);
    const identifier = picture?.identifier ?? '';
    const probe = await AttentionProbe.create(nodeRuntime({ device }), model, table);
    const { side } = probe;
    let tokens: TokenAttention[];
    try {
      tokens = await probe.look(await index.input(query), identifier);
    } finally {
      await probe.release();
    }
    if (out !== undefined) {
      const large = await decodePicture(bytes, {
        name: file,
        maxPixels: manifest.config.pictures.maxPixels,
        size: EDGE,
      });
      await writeMarkedFile(out, markedPng(await attentionPicture(large.pixels, EDGE, tokens)));
    }
    return {
      query: file,
      identifier,
      picture: picture?.path ?? '',
      label: picture?.labels[0] ?? null,
      side,
      tokens,
    };
  } finally {
    await index.close();
  }
}

async function bestRow(index: Index, query: Query): Promise<number> {
  const [[best] = []] = await (await index.system('dsi')).rank([query], 1);
  return best?.row ?? -1;
}

function named(store: PictureStore, identifier: string): StoredPicture {
  const pictures = store.catalogue;
  const found = pictures.find((picture) => picture.identifier === identifier);
  if (found !== undefined) return found;
  const known = pictures.map((picture) => picture.identifier ?? '');
  throw new NeurodexError('usage', `no catalogue picture has the identifier ${JSON.stringify(identifier)}`, {
    hint: `did you mean ${closest(identifier, known)}? \`neurodex search\` prints identifiers`,
    details: { identifier },
  });
}
