export type { DecodeOptions, ReadOptions } from './decode.ts';
export {
  atSize,
  decodeFile,
  decodePicture,
  decodeWhole,
  enlarged,
  type ReadPicture,
  readPicture,
  readPictureFile,
  type WholePicture,
} from './decode.ts';
export { sniffFormat } from './formats.ts';
export { type Format, formatByName, formatList, isLossy } from './picture-formats.ts';
export { encodePng } from './png.ts';
