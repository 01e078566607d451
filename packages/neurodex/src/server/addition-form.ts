import { type FailedInput, failedInput, NeurodexError } from '@neurodex/core';
import { ApiError } from './api/problems.ts';
import { delimiterOf, formParts, MalformedForm } from './form-parts.ts';
import { readingForm } from './forms.ts';
import type { SentPicture } from './index-changes.ts';
import { FORM_FILES, NAME_CHARACTERS } from './limits.ts';

/** Pictures for an index. */
export interface AdditionForm {
  readonly pictures: readonly SentPicture[];
  readonly labels: readonly string[];
  /** Files that have the name of another one in the form. */
  readonly failed: readonly FailedInput[];
}

const HOW = 'send picture files in the field picture, which may be repeated, and labels in the field labels';

/**
 * How the body of an addition is read, by its Content-Type.
 * @throws ApiError `type-unsupported`, `body-malformed`, now and for each form
 */
export function additionReader(contentType: string | undefined): (form: Buffer) => AdditionForm {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'multipart/form-data') {
    throw new ApiError('type-unsupported', 'pictures are added by a form', { hint: `${HOW} (multipart/form-data)` });
  }
  const delimiter = readingForm(HOW, () => delimiterOf(contentType ?? ''));
  return (form) => readingForm(HOW, () => readAddition(form, delimiter));
}

function readAddition(form: Buffer, delimiter: string): AdditionForm {
  const pictures = new Map<string, SentPicture>();
  const labels = new Set<string>();
  const failed: FailedInput[] = [];
  for (const { field, isFile, fileName, content } of formParts(form, delimiter)) {
    if (field === 'picture' && isFile) {
      const name = nameOf(fileName);
      // A copy of its own, which a thread can be given without the rest of the form.
      if (pictures.has(name)) failed.push(failedInput(name, twice(name)));
      else pictures.set(name, { name, bytes: Uint8Array.from(content) });
    } else if (field === 'labels' && !isFile) labels.add(labelOf(content.toString('utf8')));
    else throw new MalformedForm(`the form has a field ${JSON.stringify(field.slice(0, 50))} that is not read`);
  }
  if (pictures.size === 0) throw new MalformedForm('the form has no picture');
  if (pictures.size > FORM_FILES) throw new MalformedForm(`the form has more than ${FORM_FILES} pictures`);
  return { pictures: [...pictures.values()], labels: [...labels], failed };
}

/** The last part of the path that a sender may have given, which is a name on every system. */
function nameOf(given = ''): string {
  const name = given
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\p{Cc}/gu, '_')
    .trim();
  if (name === undefined || name === '' || name === '.' || name === '..') {
    throw new MalformedForm('the form has a picture without a name');
  }
  if (name.length > NAME_CHARACTERS) {
    throw new MalformedForm(`the form has a picture whose name has more than ${NAME_CHARACTERS} characters`);
  }
  return name;
}

function labelOf(given: string): string {
  const label = given.trim();
  if (label !== '' && label.length <= NAME_CHARACTERS && !/\p{Cc}/u.test(label)) return label;
  throw new MalformedForm(`the form has a label that is empty, longer than ${NAME_CHARACTERS} characters or not text`);
}

const twice = (name: string): NeurodexError =>
  new NeurodexError('picture-changed', `the form has another picture with the name ${name}`, {
    hint: 'send it under another name',
  });
