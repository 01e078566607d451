import type { Reporter } from '../progress.ts';

export interface ExtractOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
  /** Bytes that all entries together may have; 64 GiB unless told. */
  readonly maxBytes?: number;
}

/** A file in an archive. */
export interface ArchiveEntry {
  /** As the archive has it, '/' between folders. */
  readonly name: string;
  /** Uncompressed. */
  readonly bytes: number;
  /** Its content, checked against its size and CRC-32. Only while the loop stands at this entry. */
  read(): Promise<Uint8Array>;
}

/**
 * Unpack a .zip, .tgz, .tar.gz or .tar into a folder that does not exist yet, and which appears when it is complete.
 * @throws NeurodexError `archive-unsafe`, `archive-damaged` (naming the archive and the entry), `disk-full` …
 */
export async function extractArchive(_path: string, _folder: string, _options: ExtractOptions = {}): Promise<void> {
  throw new Error('in work');
}

/** The files of a zip archive, in its order, each read only when asked for. */
export async function* zipEntries(_path: string): AsyncGenerator<ArchiveEntry, void, undefined> {
  throw new Error('in work');
}
