export { atSize, decodeFile, decodePicture, decodeWhole, enlarged, readPicture, readPictureFile } from './decode.ts';
export { encodePng } from './png.ts';
