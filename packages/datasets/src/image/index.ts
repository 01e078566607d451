export {
  atSize,
  decodeFile,
  decodePicture,
  decodeWhole,
  enlarged,
  readPicture,
  readPictureFile,
  type WholePicture,
} from './decode.ts';
export { encodePng } from './png.ts';
