import { closeSync, openSync, readSync } from 'node:fs';
import { damaged } from '@neurodex/core/storage';
import type { RowsOfFile } from './load-batch.ts';

/** Rows of a file on the disk. @throws NeurodexError `index-damaged` where it ends before a row */
export const rowsOfFile: RowsOfFile = (file, bytes, work) => {
  const descriptor = openSync(file, 'r');
  const buffer = new Uint8Array(bytes);
  try {
    work((row) => {
      const got = readSync(descriptor, buffer, 0, bytes, row * bytes);
      if (got !== bytes) throw damaged(file, `ends before row ${row}`);
      return buffer;
    });
  } finally {
    closeSync(descriptor);
  }
};
