import { defined, NeurodexError } from '@neurodex/core';
import type { UnitChange } from './change-unit.ts';
import { pictureNumber, placeOfNumber, type Unit } from './picture-numbers.ts';
import { type FoundPicture, findPictures } from './place-names.ts';
import type { ShardPlace } from './shard-place.ts';

/** A picture that was removed: its number among those of all shards. */
export interface RemovedPicture {
  readonly id: number;
  readonly path: string;
}

/**
 * Removes pictures from an index in shards, and all that it says of them, in one step. One that the network has learned from is in the
 * sample as well, and leaves it.
 * @param names paths, or numbers
 * @throws NeurodexError `picture-unknown` naming the first one that is not there: nothing is removed then; `run-locked`, `store-*`
 */
export async function removeFromShards(place: ShardPlace, names: readonly string[]): Promise<RemovedPicture[]> {
  const found = await picturesOf(place, [...new Set(names)]);
  const removed = new Map<string, FoundPicture>();
  for (const picture of found.flat()) removed.set(`${picture.unit} ${picture.id}`, picture);
  const changes = new Map<Unit, UnitChange>();
  for (const { unit, id } of removed.values()) {
    changes.set(unit, { add: [], remove: [...(changes.get(unit)?.remove ?? []), id] });
  }
  await place.change(changes);
  return found.map((pictures) => {
    const { unit, id, path } = defined(pictures[0], 'a picture that was removed');
    return { id: pictureNumber(place.shards, unit, id), path };
  });
}

/** Each picture where it is found: in a shard, in the sample, or in both. */
async function picturesOf(place: ShardPlace, names: readonly string[]): Promise<FoundPicture[][]> {
  const byPath = await findPictures(
    place,
    names.map((paths) => ({ paths })),
  );
  const found: FoundPicture[][] = [];
  for (const [i, name] of names.entries()) {
    const own = byPath[i] ?? [];
    const pictures = own.length > 0 ? own : await numbered(place, name);
    if (pictures.length === 0) throw unknown(name, place);
    found.push(pictures);
  }
  return found;
}

async function numbered(place: ShardPlace, name: string): Promise<FoundPicture[]> {
  if (!/^\d{1,15}$/.test(name)) return [];
  const { unit, id } = placeOfNumber(place.shards, Number(name));
  const path = await place.reading(unit, ({ store }) => store.rows.find((picture) => picture.id === id)?.path);
  if (path === undefined) return [];
  const [pictures = []] = await findPictures(place, [{ paths: path }]);
  return pictures;
}

const unknown = (name: string, { store }: ShardPlace): NeurodexError =>
  new NeurodexError('picture-unknown', `${store.place} has no picture ${name}`, {
    hint: 'name it as a search shows it, or by its id; nothing was removed',
    details: { picture: name },
  });
