import { ApiError } from './api/problems.ts';

/**
 * Forms with one file (RFC 7578), read in memory. Parsers of streams wait for what they are never sent when a form is cut off in
 * the right place; this one has the whole form, looks at one part and its neighbour, and copies nothing.
 */

const ONE_FILE = 'send one file, in the field picture';

const malformed = (message: string): ApiError => new ApiError('body-malformed', message, { hint: ONE_FILE });

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

/**
 * Reads forms of one Content-Type, which has to name their boundary: each has one file, in the field `picture`.
 * @throws ApiError `body-malformed`, now and for each form
 */
export function formReader(contentType: string): (form: Buffer) => Uint8Array {
  const boundary = parametersOf(contentType)?.get('boundary') ?? '';
  if (!BOUNDARY.test(boundary) || boundary.endsWith(' ')) throw malformed('the form has no boundary');
  return (form) => onlyFile(form, `--${boundary}`);
}

interface Delimiter {
  /** Where it begins, with the line break before it. */
  readonly start: number;
  /** Where the part behind it begins. */
  readonly end: number;
  readonly isLast: boolean;
}

/** The next delimiter: at the beginning of a line, and alone on it. */
function nextDelimiter(form: Buffer, delimiter: string, from: number): Delimiter | undefined {
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

function onlyFile(form: Buffer, delimiter: string): Uint8Array {
  const first = nextDelimiter(form, delimiter, 0);
  if (first === undefined || first.isLast) throw malformed('the form has no file');
  const { end: content, field, isFile } = readHeader(form, first.end);
  if (!isFile) throw malformed('the form has fields beside the file');
  if (field !== 'picture') {
    throw malformed(`the form has a file in the field ${JSON.stringify(field.slice(0, 50))}`);
  }
  // The line break that ends the header may be the one before the delimiter, where a file is empty.
  const next = nextDelimiter(form, delimiter, content - 2);
  if (next === undefined) throw malformed('the form ends too early');
  if (!next.isLast) {
    const { isFile: isAnother } = readHeader(form, next.end);
    throw malformed(isAnother ? 'the form has more than one file' : 'the form has fields beside the file');
  }
  return form.subarray(content, Math.max(content, next.start));
}

/** What the header of a part says, and where the part's content begins. */
function readHeader(form: Buffer, start: number): { end: number; field: string; isFile: boolean } {
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
  return { end: start - 2 + length + 4, field, isFile };
}
