export { extractArchive, notRead, zipEntries } from './archive.ts';
export { createDownloads, type Downloads } from './downloads.ts';
export { type HubModelFile, hubModelFile, hubModelUrl } from './hugging-face.ts';
export { unsupportedArchive } from './limits.ts';
export { fetchWheel, type PinnedWheel, readFromWheel, type WheelOptions, wheelPlace } from './pypi.ts';
export type { RemoteFile } from './remote-file.ts';
export { kindOfFile } from './sniff.ts';
