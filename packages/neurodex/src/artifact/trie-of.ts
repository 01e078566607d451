import { schemeOf } from '../identifiers/schemes.ts';
import { Trie } from '../identifiers/trie.ts';
import type { PictureStore } from '../pictures/picture-store.ts';
import type { IndexManifest } from './manifest.ts';

/** The trie of the catalogue's identifiers; its leaves are rows. */
export function trieOf(store: PictureStore, { config }: Pick<IndexManifest, 'config'>): Trie {
  const pictures = store.catalogue;
  const scheme = schemeOf(config.identifiers);
  return new Trie(
    scheme,
    pictures.map(({ identifier }) => identifier ?? ''),
    pictures.map(({ row }) => row),
  );
}
