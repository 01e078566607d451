import { NeurodexError } from '@neurodex/core';
import { damaged } from '@neurodex/core/storage';

/** Whatever goes wrong inside is the file's fault: it holds other bytes than the program writes. */
export async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NeurodexError) throw error;
    throw damaged(path, 'is not a table of pictures that can be read', error);
  }
}
