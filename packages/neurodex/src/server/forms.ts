import { ApiError } from './api/problems.ts';
import { delimiterOf, MalformedForm, nextDelimiter, readHeader } from './form-parts.ts';

const ONE_FILE = 'send one file, in the field picture';

/** Says how to send a form that can be read. @throws ApiError `body-malformed` */
export function readingForm<T>(hint: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MalformedForm)) throw error;
    throw new ApiError('body-malformed', error.message, { hint, cause: error });
  }
}

const malformed = (message: string): MalformedForm => new MalformedForm(message);

/**
 * Reads forms of one Content-Type, which has to name their boundary: each has one file, in the field `picture`.
 * @throws ApiError `body-malformed`, now and for each form
 */
export function formReader(contentType: string): (form: Buffer) => Uint8Array {
  const delimiter = readingForm(ONE_FILE, () => delimiterOf(contentType));
  return (form) => readingForm(ONE_FILE, () => onlyFile(form, delimiter));
}

/** Looks at one part and its neighbour, whatever else the form has. */
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
