export { decodeFile, decodePicture, decodeWhole, readPicture, readPictureFile, type WholePicture } from './decode.ts';
export { sniffFormat } from './formats.ts';
export { libvips } from './libvips.ts';
export { type Format, formatByName, formatList, isLossy } from './picture-formats.ts';
export { encodePng, type PngOptions } from './png.ts';
export type { DecodeOptions, ReadOptions, ReadPicture } from './read-options.ts';
export { atSize, enlarged } from './resize.ts';
