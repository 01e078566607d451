import type { FromChild, ToChild } from './attack.ts';
import { probe } from './probe.ts';

/** Probes one index after another, for a process that survives what they do to this one. */
process.on('message', async ({ index, queries, systems }: ToChild) => {
  const probed = await probe(index, { queries, systems });
  process.send?.({ ...probed, peakMiB: process.resourceUsage().maxRSS / 1024 } satisfies FromChild);
});
process.on('disconnect', () => process.exit());
