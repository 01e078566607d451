import { Zip, ZipPassThrough } from 'fflate';

/** Files as one ZIP archive, not compressed: most of them are pictures and numbers, which gain nothing. */
export async function archiveOf(files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const pieces: Blob[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, chunk) => {
    failure ??= error;
    // The browser may keep a blob on the disk; an array is in memory.
    if (error === null) pieces.push(new Blob([Uint8Array.from(chunk)]));
  });
  for (const [name, file] of files) {
    const entry = new ZipPassThrough(name);
    zip.add(entry);
    entry.push(new Uint8Array(await file.arrayBuffer()), true);
  }
  zip.end();
  if (failure !== null) throw failure;
  return new Blob(pieces, { type: 'application/zip' });
}
