import { NeurodexError } from '@neurodex/core';
import type { IndexManifest } from '../artifact/manifest.ts';

/** @throws NeurodexError `picture-unknown` */
export function unknown(name: string): never {
  throw new NeurodexError('picture-unknown', `the index has no picture ${name}`, {
    hint: 'name a picture as a search or `neurodex inspect` shows it',
    details: { picture: name },
  });
}

/** An index without a picture could not be opened. */
export const emptied = (folder: string) =>
  new NeurodexError('index-fixed', `${folder} would be left without a catalogue picture`, {
    hint: 'add others first; or delete the folder, if nothing of it is needed',
    details: { folder },
  });

/** An index whose identifiers do not follow from clusters. */
export const fixed = (folder: string, { config }: IndexManifest) =>
  new NeurodexError(
    'index-fixed',
    `${folder} cannot be changed: its identifiers were given once and for all (training.plan ${planOf(config)}, identifiers.scheme ${config.identifiers.scheme})`,
    {
      hint: 'build it again with --preset default, whose memory is written: pictures can then come and go',
      details: { folder },
    },
  );

const planOf = (config: IndexManifest['config']): string => {
  const { training } = config as { readonly training?: { readonly plan?: unknown } };
  return typeof training?.plan === 'string' ? training.plan : 'joint';
};
