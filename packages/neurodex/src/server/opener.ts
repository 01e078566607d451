import type { Runtime } from '@neurodex/autograd';
import type { NeurodexError } from '@neurodex/core';
import type { Followed } from './follow.ts';
import type { Hosted } from './hosted.ts';
import type { Metrics } from './metrics.ts';
import type { HostingSettings } from './server-options.ts';

/** Opens the versions of what is served under one id. */
export interface Opener extends Followed {
  /** A version that is ready to answer. @param digest of the version that it must be @throws NeurodexError of the index */
  open(digest: string | undefined): Promise<Hosted>;
}

export interface OpenerOptions {
  readonly server: HostingSettings;
  /** The folder or the place. */
  readonly name: string;
  readonly id: string;
  readonly isDefault: boolean;
  readonly runtime: Runtime;
  readonly metrics: Metrics;
  /** The version that is served now. */
  readonly served: () => Hosted | undefined;
  /** Told when no searches of it can be answered any more. */
  readonly onGone: (error: NeurodexError) => void;
}
