/** A part of a place that has pictures: a shard, from 0, or the index of the sample, which has the queries. */
export type Unit = number | 'sample';

/**
 * The number of a picture among those of all shards, for as long as it is there. Every shard counts for itself, so that a picture
 * can come to one without a look at the others.
 * @param shards S @param id within its part
 */
export const pictureNumber = (shards: number, unit: Unit, id: number): number =>
  id * (shards + 1) + (unit === 'sample' ? shards : unit);

/** Where the picture of a number is. @param shards S */
export function placeOfNumber(shards: number, number: number): { readonly unit: Unit; readonly id: number } {
  const shard = number % (shards + 1);
  return { unit: shard === shards ? 'sample' : shard, id: (number - shard) / (shards + 1) };
}
