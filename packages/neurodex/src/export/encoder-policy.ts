import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { type EncoderOrigin, type KnownEncoder, knownEncoder } from '../models/encoder/redistribution.ts';
import type { ExportKind } from './kinds.ts';

/**
 * Which exports can hold an encoder, and how large it may be, in bytes. A browser holds the file, the model that ONNX Runtime makes of
 * it, and what it computes, of which WebAssembly can address 4 GB; telephones stop earlier.
 */
const ENCODERS_OF = {
  onnx: { holds: true, warnAbove: Number.POSITIVE_INFINITY, limit: Number.POSITIVE_INFINITY },
  triton: { holds: false, why: 'a model repository holds one model, and none that runs in front of it' },
  web: { holds: true, warnAbove: 100e6, limit: 500e6 },
} as const satisfies { readonly [Kind in ExportKind]: EncoderRule };

type EncoderRule =
  | { readonly holds: true; readonly warnAbove: number; readonly limit: number }
  | { readonly holds: false; readonly why: string };

export interface EncoderRequest {
  /** Folder of the index, for messages. */
  readonly folder: string;
  readonly encoder: EncoderOrigin & { readonly bytes: number };
  readonly kinds: readonly ExportKind[];
  /** `--with-encoder` */
  readonly withEncoder: boolean;
  readonly reporter: Reporter;
}

/**
 * Whether exports of a network may hold the encoder that it reads: if they are asked to, if they can, and if its licence lets
 * everyone pass it on. A licence that is not known is left to who exports, with a warning.
 * @throws NeurodexError `encoder-unusable`
 */
export function allowEncoder({ folder, encoder, kinds, withEncoder, reporter }: EncoderRequest): void {
  const known = knownEncoder(encoder);
  if (known?.redistributable === false) throw notRedistributable(folder, encoder, known);
  const rules = kinds.map((kind) => ({ kind, ...holdingOf(kind, folder, encoder.bytes) }));
  if (!withEncoder) throw notAsked(folder, encoder, known);
  for (const { kind, warnAbove } of rules) {
    if (encoder.bytes > warnAbove)
      reporter.warn(
        `--${kind} holds an encoder of ${sizeOf(encoder.bytes)}, which every visitor who searches with a picture loads`,
      );
  }
  if (known?.redistributable !== true) reporter.warn(unknownLicence(known));
}

/** The rule of an export that can hold an encoder of that size. @throws NeurodexError `encoder-unusable` */
function holdingOf(kind: ExportKind, folder: string, bytes: number): EncoderRule & { readonly holds: true } {
  const rule: EncoderRule = ENCODERS_OF[kind];
  if (!rule.holds) throw cannotHold(folder, kind, rule.why);
  if (bytes <= rule.limit) return rule;
  throw refusal(
    folder,
    `the network of ${folder} reads an image encoder of ${sizeOf(bytes)}, and --${kind} holds up to ${sizeOf(rule.limit)}`,
    { hint: 'take --onnx with --with-encoder, or build the index with a smaller encoder' },
  );
}

const notAsked = (folder: string, { bytes }: { readonly bytes: number }, known: KnownEncoder | undefined) =>
  refusal(folder, `the network of ${folder} reads an image encoder, which the export does not hold`, {
    hint: `add --with-encoder: the export then holds the encoder too (${sizeOf(bytes)}, licence ${licenceOf(known)})`,
  });

const notRedistributable = (
  folder: string,
  { sha256 }: EncoderOrigin,
  { name, source, revision, licence }: KnownEncoder,
) =>
  refusal(
    folder,
    `the network of ${folder} reads the encoder ${name}, whose licence does not let everyone pass it on (${licence.name}), so no export holds it`,
    {
      hint:
        `whoever searches must fetch it from ${source} (revision ${revision}, SHA-256 ${sha256}) and accept ${licence.url}: ` +
        'give them the index, or how to build it; for an export, build it with another --encoder, or with ' +
        '`--set encoder.frozenBackbone=false`',
    },
  );

const cannotHold = (folder: string, kind: ExportKind, why: string) =>
  refusal(folder, `the network of ${folder} reads an image encoder, and --${kind} cannot hold it: ${why}`, {
    hint: 'take --onnx or --web with --with-encoder, or build the index without an encoder in front (`--set encoder.frozenBackbone=false`)',
  });

const unknownLicence = (known: KnownEncoder | undefined): string =>
  known === undefined
    ? 'the export holds an encoder whose licence is not known: check that you may pass it on before you do'
    : `the export holds the encoder ${known.name} under ${known.licence.name}: check ${known.licence.url} before you pass it on`;

const licenceOf = (known: KnownEncoder | undefined): string => known?.licence.name ?? 'not known';

const refusal = (folder: string, message: string, { hint }: { readonly hint: string }): NeurodexError =>
  new NeurodexError('encoder-unusable', message, { hint, details: { folder } });

/** 1536 → '1.5 kB' */
export function sizeOf(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toPrecision(2)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
