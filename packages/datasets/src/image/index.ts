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
export { type Format, formatByName, isLossy, sniffFormat } from './formats.ts';
export { encodePng } from './png.ts';
