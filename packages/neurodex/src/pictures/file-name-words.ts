/** Names that data sets and telephones give by a pattern which holds more than numbers and the words of `COUNTED`. */
const PATTERN = /^(?:coco_(?:train|val|test)|ilsvrc\d{4}_(?:train|val|test)|pxl_\d{8}_)/iu;

const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/giu;

const wordSet = (...lines: readonly string[]): ReadonlySet<string> =>
  new Set(lines.flatMap((line) => line.normalize('NFC').split(' ')));

/** Words of cameras and programs, which describe no picture even by themselves. */
const MACHINE = wordSet(
  'img imag dsc dscn dscf dcim pxl cimg gopr mvi dji hpim vid whatsapp jpg jpeg png heic',
  'image images photo photos picture pictures pic pics untitled unnamed',
  'screenshot bildschirmfoto schermata スクリーンショット 屏幕截图 屏幕快照 螢幕截圖 截屏 스크린샷',
);

/** Words that say nothing beside a number, or beside a word of a machine: `scan0001`, `Screenshot from …`. */
const COUNTED = wordSet(
  'frame scan page file video screen shot capture copy edited from download sam pano',
  'bild foto écran captura pantalla снимок экрана',
);

/**
 * A boundary of camelCase: after a small letter before a capital, or before the last of several capitals (`HTMLPage`).
 * Never within or behind a percent-encoded byte, whose digits are no words.
 */
const CAMEL = /(?:(?<=\p{Ll}\p{M}*)(?=\p{Lu})|(?<=\p{Lu}\p{M}*)(?=\p{Lu}\p{M}*\p{Ll}))(?<!%[\dA-Fa-f]{0,2})/gu;

/**
 * The base name of a path without its extension, as words: separators become spaces, and camelCase is parted.
 * @param path with `/` between its folders
 * @returns undefined where the name says nothing of the picture: it is a number, a digest, the name that a camera or a
 *   program gave, or has no word of three letters (of one letter in scripts without case, such as Han)
 */
export function wordsOfFileName(path: string): string | undefined {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const stem = base.replace(/(?<=.)\.(?=\w*[A-Za-z])\w{1,5}$/u, '');
  if (!saysSomething(stem)) return undefined;
  return stem
    .replace(CAMEL, ' ')
    .replace(/[\s_.+,-]+/gu, ' ')
    .trim();
}

function saysSomething(stem: string): boolean {
  if (PATTERN.test(stem)) return false;
  const tokens = stem
    .replace(UUID, ' ')
    .replace(/%[\da-f]{2}/giu, ' ')
    .split(/[\s_.+,-]+/u)
    .filter((token) => !isDigest(token));
  const words = tokens.flatMap((token) => token.normalize('NFC').match(/[\p{L}\p{M}]+/gu) ?? []).filter(isWord);
  const lower = words.map((word) => word.toLowerCase()).filter((word) => !MACHINE.has(word));
  const counted = /\p{N}/u.test(stem) || lower.length < words.length;
  return lower.some((word) => !(counted && COUNTED.has(word)));
}

/** Eight hexadecimal digits or more: with a digit, since `facade` is a word, or as long as an MD5 digest. */
const isDigest = (token: string): boolean => /^[\da-f]{8,}$/iu.test(token) && (/\d/u.test(token) || token.length >= 32);

/** Three letters, or one of a script without case. The ordinal signs ª and º count as such to Unicode, and are no words. */
const isWord = (run: string): boolean => /(?:\p{L}\p{M}*){3}|(?![ªº])\p{Lo}/u.test(run);
