import type { LicenceText } from '../models/encoder/named-encoders.ts';
import { type ExportedEncoder, IMAGE_ENCODER_FILE, IMAGE_ENCODER_LICENCE } from './exported-encoder.ts';
import { template, type Write } from './folder.ts';

/** The encoder of an export, with the text of its licence: those that let everyone pass a work on ask for that. */
export async function writeEncoder(write: Write, { origin }: ExportedEncoder, file: Uint8Array): Promise<void> {
  await write(IMAGE_ENCODER_FILE, file);
  if (origin?.terms !== undefined) await write(IMAGE_ENCODER_LICENCE, await licenceText(origin.terms));
}

async function licenceText(terms: LicenceText): Promise<string> {
  const text = await template(`licences/${terms.text}.txt`);
  return 'copyright' in terms ? text.replace('{copyright}', () => terms.copyright) : text;
}
