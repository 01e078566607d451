import { type KnownEncoder, knownEncoder } from '../models/encoder/redistribution.ts';
import type { Index } from '../systems/open-index.ts';
import { type ExportedEncoder, IMAGE_ENCODER_FILE } from './exported-encoder.ts';

/** How an export describes the encoder in front of the network of an index; undefined where the network reads pixels. @throws NeurodexError of the encoder */
export async function describeEncoder(index: Index): Promise<ExportedEncoder | undefined> {
  const { encoder: listed, config } = index.manifest;
  const backbone = await index.backbone();
  if (backbone === undefined || listed === undefined) return undefined;
  const { facts, input } = backbone.encoder;
  const { size, preprocessing = null, mean, std, output, tokens, channels } = facts;
  const thumbnail = size === index.store.size ? null : config.pictures.thumbnail;
  return {
    file: IMAGE_ENCODER_FILE,
    bytes: listed.bytes,
    sha256: listed.sha256,
    input: { ...input, size },
    output: { name: output, tokens, channels },
    preprocessing,
    square: preprocessing === null ? { thumbnail, mean, std } : null,
    origin: originOf(knownEncoder(listed)),
  };
}

function originOf(known: KnownEncoder | undefined): ExportedEncoder['origin'] {
  if (known === undefined) return null;
  const { redistributable: _, ...origin } = known;
  return origin;
}
