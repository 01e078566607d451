import { Damaged } from './damaged.ts';
import type { PickleValue } from './pickle.ts';

/** Element types of storages that are read. */
export interface StoredType {
  readonly dtype: 'float32' | 'int64';
  /** Of one element. */
  readonly bytes: number;
}

/** By the names of their classes in a pickle. */
export const STORAGES: Readonly<Record<string, StoredType>> = {
  'torch FloatStorage': { dtype: 'float32', bytes: 4 },
  'torch LongStorage': { dtype: 'int64', bytes: 8 },
};

/** Elements that one or more tensors look at. */
export interface Storage {
  readonly kind: 'storage';
  readonly type: StoredType;
  readonly count: number;
  /** They come behind the pickle that describes them. */
  bytes: Uint8Array | undefined;
}

/** @throws Damaged */
export function asStorage(value: PickleValue): Storage {
  if ((value as Storage | null)?.kind !== 'storage')
    throw new Damaged('a tensor is made of something that is no storage');
  return value as Storage;
}
