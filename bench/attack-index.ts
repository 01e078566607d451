import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { SystemName } from '../packages/neurodex/src/query/system.ts';
import { type Attacked, attack, BAD, Prober, VERDICTS } from './attack/attack.ts';
import { type AttackedIndex, INDEXES, makeIndexes } from './attack/indexes.ts';
import { type Mutation, mutationsOf } from './attack/mutations.ts';
import { atMost, type Benchmark } from './benchmark.ts';

const SYSTEMS: Readonly<Record<AttackedIndex, readonly SystemName[]>> = {
  words: ['dsi', 'bovw', 'pixels'],
  encoder: ['dsi', 'encoder'],
};

/** Bad endings that are logged one by one. */
const TOLD = 40;

export interface AttackOptions {
  /** Random changes of each kind to each file. */
  readonly each: number;
  /** Attacks in all, drawn from those that there are. */
  readonly attacks: number;
  /** Processes that probe. */
  readonly processes: number;
  readonly seed: number;
  readonly log: (message: string) => void;
}

/** Attacks indexes file by file, with their digests as they were and with digests recomputed. */
export async function attackIndexes({
  each,
  attacks,
  processes,
  seed,
  log,
}: AttackOptions): Promise<{ attacked: Attacked[]; peakMiB: number; files: number }> {
  const root = await mkdtemp(join(tmpdir(), 'neurodex-attack-'));
  const probers = Array.from({ length: processes }, () => new Prober());
  try {
    const { indexes, queries } = await makeIndexes(root);
    const attacked: Attacked[] = [];
    const files = new Set<string>();
    const jobs: { name: AttackedIndex; mutation: Mutation; resealed: boolean }[] = INDEXES.flatMap((name) =>
      mutationsOf(indexes[name], each, seed).flatMap((mutation, i) => {
        files.add(`${name} ${mutation.file}`);
        // Keys are many, and as long as the digests are what they were, one is refused like another.
        const seals = mutation.kind === 'key' && i % 7 > 0 ? [true] : [false, true];
        return seals.map((resealed) => ({ name, mutation, resealed }));
      }),
    );
    const chosen = Random.stream(seed, 'attacks').shuffled(jobs).slice(0, attacks);
    log(`${chosen.length} of ${jobs.length} attacks on ${files.size} files`);
    const originals = new Map<AttackedIndex, Awaited<ReturnType<typeof original>>>();
    const original = async (name: AttackedIndex) => {
      const target = { index: indexes[name], queries, systems: SYSTEMS[name] };
      const found = await defined(probers[0], 'the first process').probe(target);
      if (typeof found === 'string') throw new Error(`the sound index ${name} ends in a ${found}`);
      const unsound = Object.entries(found.endings).find(([, ending]) => ending.kind !== 'answered');
      if (unsound !== undefined) throw new Error(`the sound index ${name}: ${JSON.stringify(unsound)}`);
      return found;
    };
    for (const name of INDEXES) originals.set(name, await original(name));
    const waiting = chosen.values();
    await Promise.all(
      probers.map(async (prober, i) => {
        const scratch = join(root, `scratch ${i}`);
        await mkdir(scratch);
        for (const { name, mutation, resealed } of waiting) {
          const target = { index: indexes[name], queries, systems: SYSTEMS[name], scratch };
          const found = defined(originals.get(name), `the index ${name}`);
          const result = await attack(prober, { ...target, original: found }, mutation, resealed);
          attacked.push(result);
          if (BAD.includes(result.verdict) && attacked.filter(isBad).length <= TOLD)
            log(
              `${result.verdict}: ${name}/${mutation.file}, ${mutation.kind} ${mutation.what.slice(0, 80)}${resealed ? ', digests recomputed' : ''}: ${result.said.slice(0, 1000)}`,
            );
          if (attacked.length % 250 === 0) log(`${attacked.length} attacks`);
        }
      }),
    );
    return { attacked, peakMiB: Math.max(...probers.map((prober) => prober.peakMiB)), files: files.size };
  } finally {
    for (const prober of probers) prober.close();
    await rm(root, { recursive: true, force: true });
  }
}

const isBad = ({ verdict }: Attacked): boolean => BAD.includes(verdict);

/** How many ended how, of all or of one kind. */
const countsOf = (attacked: readonly Attacked[]) =>
  Object.fromEntries(VERDICTS.map((verdict) => [verdict, attacked.filter((each) => each.verdict === verdict).length]));

export const benchmark: Benchmark = {
  name: 'attack-index',
  description: 'every file of an index damaged in every way: whether an answer changes in silence, or a process dies',
  flags: {
    each: { type: 'string', default: '40' },
    attacks: { type: 'string', default: 'all' },
    processes: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
  async run({ flags, log }) {
    const { attacked, peakMiB, files } = await attackIndexes({
      each: Number(flags.each),
      attacks: flags.attacks === 'all' ? Number.POSITIVE_INFINITY : Number(flags.attacks),
      processes: Number(flags.processes),
      seed: Number(flags.seed),
      log,
    });
    const side = (resealed: boolean) => countsOf(attacked.filter((each) => each.resealed === resealed));
    const counts = countsOf(attacked);
    return {
      sides: {
        'digests as they were': side(false),
        'digests recomputed': side(true),
        all: { attacks: attacked.length, files, peakMiB, ...counts },
      },
      ratios: { refused: (counts.refused ?? 0) / attacked.length },
      targets: BAD.map((verdict) => atMost(`attacks that end in: ${verdict}`, counts[verdict] ?? 0, 0)),
    };
  },
};
