/**
 * Names in TREC files. Fields are separated by white space and lines that begin with '#' are comments, while picture
 * paths may hold anything. So white space, control characters, '%' and a leading '#' are percent-encoded, as the bytes
 * of their UTF-8 form: `my cat.png` is written `my%20cat.png` and `100%.png` is written `100%25.png`.
 */
export const escapeName = (name: string): string =>
  name.replace(/[\s\p{Cc}%]|^#/gu, (character) =>
    character === '#' || character <= '\x7f'
      ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
      : encodeURIComponent(character),
  );
