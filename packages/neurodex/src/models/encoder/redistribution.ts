import {
  type EncoderLicence,
  isEncoderName,
  type LicenceText,
  NAMED_ENCODERS,
  type NamedEncoder,
} from './named-encoders.ts';

/** What an index knows of the file of its encoder, and where it is from. */
export interface EncoderOrigin {
  /** Of the file, hexadecimal. */
  readonly sha256: string;
  /** Of an encoder that was asked for by its name. */
  readonly published?:
    | {
        readonly name: string;
        readonly source: string;
        readonly revision: string;
        readonly licence: string;
        readonly url: string;
      }
    | undefined;
}

/** Whose an encoder is, as far as that is known. */
export interface KnownEncoder {
  readonly name: string;
  readonly source: string;
  readonly revision: string;
  readonly licence: Pick<EncoderLicence, 'name' | 'url'>;
  /** Undefined for a licence that this version does not know. */
  readonly redistributable: boolean | undefined;
  /** Of a licence that lets everyone pass it on. */
  readonly terms?: LicenceText;
  /** Whether Neurodex made the ONNX file of what was published. */
  readonly converted: boolean;
}

/**
 * The published encoder that a file is: by the name that it was asked for with, or by its digest, if it was named as a file. The
 * licence counts that this version declares. Undefined for a file that nobody knows.
 */
export function knownEncoder({ sha256, published }: EncoderOrigin): KnownEncoder | undefined {
  const name = published !== undefined && isEncoderName(published.name) ? published.name : nameOfDigest(sha256);
  if (name !== undefined) {
    const { source, licence }: NamedEncoder = NAMED_ENCODERS[name];
    const { name: title, url, redistributable } = licence;
    const terms = licence.redistributable ? { terms: licence.terms } : {};
    return {
      name,
      source: published?.source ?? source.repo,
      revision: published?.revision ?? source.revision,
      licence: { name: title, url },
      redistributable,
      ...terms,
      converted: source.kind === 'wheel',
    };
  }
  if (published === undefined) return undefined;
  const { licence, url, ...origin } = published;
  return { ...origin, licence: { name: licence, url }, redistributable: undefined, converted: false };
}

const nameOfDigest = (sha256: string) =>
  Object.keys(NAMED_ENCODERS)
    .filter(isEncoderName)
    .find((name) => {
      const { source }: NamedEncoder = NAMED_ENCODERS[name];
      return source.kind === 'hub' && source.vision.sha256 === sha256;
    });
