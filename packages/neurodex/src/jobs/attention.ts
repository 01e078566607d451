import type { Device, Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError } from '@neurodex/core';
import { refuseForeignFile, writeMarkedFile } from '@neurodex/core/storage';
import { decodePicture, readPictureFile } from '@neurodex/datasets/image';
import { closest } from 'fastest-levenshtein';
import { AttentionProbe, type TokenAttention } from '../dsi/search/attention-probe.ts';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import type { PictureQuery, Query } from '../query/query.ts';
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

/** Where the network looked for each token of an answer. */
export interface Explanation {
  /** Of the answer. */
  readonly identifier: string;
  /** Path of the catalogue picture that the identifier names. */
  readonly picture: string;
  /** Its first label; null where it has none. */
  readonly label: string | null;
  /** Patches along an edge of the picture: the shares below run row by row over the square of them. */
  readonly side: number;
  /** Of the identifier, in their order. */
  readonly tokens: readonly TokenAttention[];
}

/** What `attention --json` prints. */
export interface ShownAttention extends Explanation {
  readonly query: string;
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
    const bytes = await readPictureFile(file);
    const sizes = { ...manifest.config.pictures, size: store.size };
    const query = await queryOf(bytes, file, sizes, manifest.encoder?.preprocessing);
    const shown = await attentionIn(index, nodeRuntime({ device }), query, options.identifier);
    if (out !== undefined) {
      const large = await decodePicture(bytes, {
        name: file,
        maxPixels: manifest.config.pictures.maxPixels,
        size: EDGE,
      });
      await writeMarkedFile(out, markedPng(await attentionPicture(large.pixels, EDGE, shown.tokens)));
    }
    return { query: file, ...shown };
  } finally {
    await index.close();
  }
}

/**
 * The same of an index that is open. @param identifier of the best answer by default
 * @throws NeurodexError `usage` for an identifier that is not in the index, and for a network whose tokens have no place in the picture
 */
export async function attentionIn(
  index: Index,
  runtime: Runtime,
  query: PictureQuery,
  identifier: string | undefined,
): Promise<Explanation> {
  const { store } = index;
  const { model, table } = await index.network();
  const picture = identifier === undefined ? store.rows[await bestRow(index, query)] : named(store, identifier);
  const probe = await AttentionProbe.create(runtime, model, table);
  try {
    const tokens = await probe.look(await index.input(query), picture?.identifier ?? '');
    return {
      identifier: picture?.identifier ?? '',
      picture: picture?.path ?? '',
      label: picture?.labels[0] ?? null,
      side: probe.side,
      tokens,
    };
  } finally {
    await probe.release();
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
