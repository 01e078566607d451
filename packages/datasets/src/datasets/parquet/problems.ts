import { errorMessage } from '@neurodex/core';
/**
 * What a Parquet reader complained about, in words that say something to who has the file. The library names its own functions and
 * those of the engine; what follows is "its row group cannot be read (…)" or "… is not a Parquet file that can be read (…)".
 */
export function parquetProblem(error: unknown): string {
  const text = errorMessage(error);
  const known = KNOWN.find(([pattern]) => pattern.test(text));
  return known?.[1] ?? 'its bytes make no sense';
}

const KNOWN: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /footer != PAR1|too short/,
    'its first or last bytes are not those of Parquet: it is cut off, or is another kind of file',
  ],
  [/metadata length/, 'its footer is cut off'],
  [/unsupported encoding/, 'it has an encoding that is not read'],
  [/unsupported compression codec/, 'it has a compression that is not read'],
  [/(bson|interval) not supported/, 'it has a type of values that is not read'],
  [/file_path not supported/, 'its columns lie in other files'],
  [
    /decompressed page length|snappy|premature end|Z_|zlib|gzip|brotli|lz4|decompress|checksum/i,
    'a page is damaged, or has another size than it says',
  ],
  [/memory/i, 'its bytes ask for more memory than a row group may need'],
];
