/** Names a picture of an index: by the name that answers give it, or by its number, which it keeps for as long as it is in the index. */
export type PictureName = ByName | ById;

/** A picture by its name. */
export interface ByName {
  /** Its path relative to the source, as answers give it. */
  readonly name: string;
}

/** A picture by its number. */
export interface ById {
  /** As answers give it. */
  readonly id: number;
}

/** A picture to search with: the path of a file, a `file:` URL, the bytes of a file, or a picture of the index itself. */
export type PictureSource = string | URL | Uint8Array | PictureName;

/** Words to search with. */
export interface TextSource {
  /** In any language; an index reads the languages of its captions, labels and names. */
  readonly text: string;
}

/** Pictures and words that are added to each other, and taken from each other. */
export interface ComposedSource {
  /** What is added: one, or several. */
  readonly plus: PictureSource | TextSource | readonly (PictureSource | TextSource)[];
  /** What is taken away; nothing by default. */
  readonly minus?: PictureSource | TextSource | readonly (PictureSource | TextSource)[] | undefined;
}

/**
 * What can be searched with. A text is always the path of a file; words are `{ text: 'a red bicycle' }`.
 *
 * @example
 * ```ts
 * import { openIndex, type SearchQuery } from 'neurodex';
 *
 * await using index = await openIndex('pets');
 * const queries: SearchQuery[] = [
 *   'cat.jpg',
 *   { text: 'a red bicycle' },
 *   { id: 0 },
 *   { plus: ['cat.jpg', { text: 'at night' }], minus: { text: 'people' } },
 * ];
 * const found = await Promise.all(queries.map((query) => index.search(query, { k: 1, all: true })));
 * console.log(found.map(({ answers }) => answers.length), found[2]?.answers[0]?.labels); // → [ 1, 1, 1, 1 ] [ 'bird' ]
 * ```
 */
export type SearchQuery = PictureSource | TextSource | ComposedSource;
