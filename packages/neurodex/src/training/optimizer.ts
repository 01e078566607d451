import { adamW, muon, type Optimizer } from '@neurodex/autograd';
import type { Config } from '../config.ts';

/** Every optimizer that `training.optimizer` names; one that is missing does not compile. */
const OPTIMIZERS = { adamw: adamW, muon } as const satisfies Readonly<
  Record<Config['training']['optimizer'], (settings: { weightDecay: number; clip: number }) => Optimizer>
>;

export const optimizerOf = ({ optimizer, weightDecay, gradientClip }: Config['training']): Optimizer =>
  OPTIMIZERS[optimizer]({ weightDecay, clip: gradientClip });
