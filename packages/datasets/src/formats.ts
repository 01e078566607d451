export { ACCEPTED_FILES, FORMATS, type Format, formatList, PICTURE_FORMATS } from './image/picture-formats.ts';
