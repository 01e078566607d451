import { type ChildProcess, fork } from 'node:child_process';
import { cpSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '@neurodex/core';
import { reseal } from '../../packages/neurodex/src/artifact/reseal.fixture.ts';
import type { SystemName } from '../../packages/neurodex/src/query/system.ts';
import type { Mutation } from './mutations.ts';
import type { Ending, Probed } from './probe.ts';

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));

/** Milliseconds that one index may take. */
const PATIENCE = 60_000;
/** Indexes that one process is given: what it holds on to does not add up for ever. */
const EACH_CHILD = 400;

export interface ToChild {
  readonly index: string;
  readonly queries: readonly string[];
  readonly systems: readonly SystemName[];
}
export type FromChild = Probed & { readonly peakMiB: number };

/** How an attack ended, the worst of all uses of the index. */
export const VERDICTS = ['same', 'refused', 'announced', 'unnamed', 'fault', 'silent', 'hang', 'crash'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Endings that nobody may ever see. */
export const BAD: readonly Verdict[] = ['unnamed', 'fault', 'silent', 'hang', 'crash'];

export interface Attacked {
  readonly mutation: Mutation;
  /** Whether the digests were recomputed. */
  readonly resealed: boolean;
  readonly verdict: Verdict;
  /** Which use of the index, and what it said, where the ending is bad. */
  readonly said: string;
}

/** A process that probes, started again when it was killed by what it read. */
export class Prober {
  private child: ChildProcess | undefined;
  private given = 0;
  peakMiB = 0;

  /** @returns what the index does, or what became of the process */
  async probe(job: ToChild): Promise<Probed | 'hang' | 'crash'> {
    if (this.given++ % EACH_CHILD === 0) this.close();
    this.child ??= fork(CHILD, {
      execArgv: ['--import', 'tsx', '--max-old-space-size=1024'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const { child } = this;
    return await new Promise((resolve) => {
      const end = (result: Probed | 'hang' | 'crash'): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (typeof result === 'string') this.close();
        resolve(result);
      };
      const timer = setTimeout(() => end('hang'), PATIENCE);
      child.once('message', (message: FromChild) => {
        this.peakMiB = Math.max(this.peakMiB, message.peakMiB);
        end(message);
      });
      child.once('exit', () => end('crash'));
      child.send(job);
    });
  }

  close(): void {
    this.child?.removeAllListeners();
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }
}

/** Damages a copy of an index in one way, and finds out what becomes of it. */
export async function attack(
  prober: Prober,
  { index, scratch, original, ...job }: ToChild & { readonly scratch: string; readonly original: Probed },
  mutation: Mutation,
  resealed: boolean,
): Promise<Attacked> {
  // Under the same name, for answers of a server tell it.
  const copy = join(scratch, basename(index));
  rmSync(copy, { recursive: true, force: true });
  cpSync(index, copy, { recursive: true });
  mutation.apply(copy);
  if (resealed) reseal(copy);
  const unchanged = mutation.harmless === true || saysTheSame(join(index, mutation.file), join(copy, mutation.file));
  const found = await prober.probe({ ...job, index: copy });
  rmSync(copy, { recursive: true, force: true });
  if (typeof found === 'string') return { mutation, resealed, verdict: found, said: '' };
  let worst: Pick<Attacked, 'verdict' | 'said'> = { verdict: 'same', said: '' };
  for (const [use, ending] of Object.entries(found.endings)) {
    const [verdict, said] = verdictOf(use, ending, found, original, { unchanged, resealed });
    if (VERDICTS.indexOf(verdict) > VERDICTS.indexOf(worst.verdict)) worst = { verdict, said: `${use}: ${said}` };
  }
  return { mutation, resealed, ...worst };
}

function verdictOf(
  use: string,
  ending: Ending,
  found: Probed,
  original: Probed,
  { unchanged, resealed }: { readonly unchanged: boolean; readonly resealed: boolean },
): [Verdict, string] {
  if (ending.kind === 'fault') return ['fault', ending.message];
  if (ending.kind === 'refused') {
    const refusal = `${ending.code}: ${ending.message}`;
    if (unchanged && !resealed) return ['silent', `a sound index is refused: ${refusal}`];
    return [ending.named && ending.status === 1 ? 'refused' : 'unnamed', refusal];
  }
  const before = original.endings[use];
  if (before?.kind === 'answered' && before.value === ending.value) {
    if (use === 'verify' && !resealed && !unchanged) return ['silent', 'verify finds nothing'];
    return ['same', ''];
  }
  // Who recomputes all digests makes another index: it must at least not have the name of the first.
  return resealed && found.digest !== original.digest ? ['announced', ''] : ['silent', 'other answers'];
}

/** Descriptions whose digest is of what they say, not of their bytes. */
const SEALED: ReadonlySet<string> = new Set(['index.json', 'files.json', 'origin.json']);

/** Whether a file holds what it did: a description may be written in other words, as long as it says the same. */
function saysTheSame(before: string, after: string): boolean {
  try {
    // A pipe would wait for ever, and a device has no end.
    if (!lstatSync(after).isFile()) return false;
    const [one, two] = [readFileSync(before), readFileSync(after)];
    if (one.equals(two)) return true;
    return (
      SEALED.has(basename(before)) && canonicalJson(JSON.parse(String(one))) === canonicalJson(JSON.parse(String(two)))
    );
  } catch {
    return false;
  }
}
