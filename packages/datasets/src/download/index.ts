export { extractArchive, notRead, zipEntries } from './archive.ts';
export { createDownloads, type Downloads } from './downloads.ts';
export { unsupportedArchive } from './limits.ts';
export { kindOfFile } from './sniff.ts';
