/**
 * The parts of forms (RFC 7578), read in memory. Parsers of streams wait for what they are never sent when a form is cut off in
 * the right place; this one has the whole form, and copies nothing.
 */

/** A form that is none. */
export class MalformedForm extends Error {}

const malformed = (message: string): MalformedForm => new MalformedForm(message);

/** Bytes of the header of a part at most. */
const HEADER_BYTES = 8 * 1024;
/** RFC 2046 §5.1.1, and what browsers and libraries use beside it. */
const BOUNDARY = /^[\w'()+,./:=?&!#$%*^`|~{} -]{1,70}$/;
/** A parameter of a header: its name, and its value as a quoted string or as a token. */
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

/** By their names in lower case; undefined where one is given twice. */
function parametersOf(header: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, token = ''] of header.matchAll(PARAMETER)) {
    if (found.has(name.toLowerCase())) return undefined;
    found.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token);
  }
  return found;
}

/** What stands before every part of forms of a Content-Type. @throws MalformedForm */
export function delimiterOf(contentType: string): string {
  const boundary = parametersOf(contentType)?.get('boundary') ?? '';
  if (!BOUNDARY.test(boundary) || boundary.endsWith(' ')) throw malformed('the form has no boundary');
  return `--${boundary}`;
}

export interface Delimiter {
  /** Where it begins, with the line break before it. */
  readonly start: number;
  /** Where the part behind it begins. */
  readonly end: number;
  readonly isLast: boolean;
}

/** The next delimiter: at the beginning of a line, and alone on it. */
export function nextDelimiter(form: Buffer, delimiter: string, from: number): Delimiter | undefined {
  for (let at = from; ; ) {
    const isFirst = at === 0 && form.subarray(0, delimiter.length).toString('latin1') === delimiter;
    const start = isFirst ? 0 : form.indexOf(`\r\n${delimiter}`, at, 'latin1');
    if (start < 0) return undefined;
    const behind = start + delimiter.length + (isFirst ? 0 : 2);
    const rest = form.subarray(behind, behind + 100).toString('latin1');
    if (rest.startsWith('--')) return { start, end: behind + 2, isLast: true };
    const [line] = /^[ \t]*\r\n/.exec(rest) ?? [];
    if (line !== undefined) return { start, end: behind + line.length, isLast: false };
    at = behind;
  }
}

/** What the header of a part says. */
export interface PartHeader {
  /** Where the content of the part begins. */
  readonly end: number;
  readonly field: string;
  readonly isFile: boolean;
  /** Of the file, as its sender names it. */
  readonly fileName: string | undefined;
}

/** @throws MalformedForm */
export function readHeader(form: Buffer, start: number): PartHeader {
  // With the line break before it, for a header may be empty.
  const window = form.subarray(start - 2, start + HEADER_BYTES);
  const length = window.indexOf('\r\n\r\n', 0, 'latin1');
  if (length < 0) throw malformed('the form has a part whose header has no end');
  const lines = window.subarray(2, Math.max(2, length)).toString('utf8').split('\r\n');
  const [disposition, ...others] = lines.filter((line) => /^content-disposition\s*:/i.test(line));
  const parameters = disposition === undefined ? undefined : parametersOf(disposition);
  const field = parameters?.get('name');
  if (
    !/^content-disposition\s*:\s*form-data\s*;/i.test(disposition ?? '') ||
    field === undefined ||
    others.length > 0
  ) {
    throw malformed('the form has a part without a name');
  }
  if (lines.some((line) => /^content-transfer-encoding\s*:\s*(?!binary|8bit|7bit)/i.test(line))) {
    throw malformed('the form has a part in a transfer encoding');
  }
  const isFile =
    parameters?.has('filename') === true ||
    parameters?.has('filename*') === true ||
    // Some send a file without a name as this.
    lines.some((line) => /^content-type\s*:\s*(application\/octet-stream|image\/)/i.test(line));
  const fileName = decodedName(parameters?.get('filename*')) ?? parameters?.get('filename');
  return { end: start - 2 + length + 4, field, isFile, fileName };
}

/** `UTF-8''%e2%82%ac.png` (RFC 8187) */
function decodedName(value: string | undefined): string | undefined {
  const [, text] = /^utf-8'[^']*'(.*)$/i.exec(value ?? '') ?? [];
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A part of a form. */
export interface FormPart extends Omit<PartHeader, 'end'> {
  readonly content: Buffer;
}

/** Every part, one after another. @throws MalformedForm */
export function* formParts(form: Buffer, delimiter: string): Generator<FormPart> {
  let at = nextDelimiter(form, delimiter, 0);
  if (at === undefined) throw malformed('the form has no parts');
  while (!at.isLast) {
    const { end, ...said } = readHeader(form, at.end);
    // The line break that ends the header may be the one before the delimiter, where a part is empty.
    const next = nextDelimiter(form, delimiter, end - 2);
    if (next === undefined) throw malformed('the form ends too early');
    yield { ...said, content: form.subarray(end, Math.max(end, next.start)) };
    at = next;
  }
}
