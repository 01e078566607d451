import type { Session } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { expect } from 'vitest';
import { leavesByRow } from '../dsi/graphs/search-export.ts';
import type { Trie } from '../identifiers/trie.ts';
import type { Answer } from '../query/answers.ts';

export const runtime = nodeRuntime({ threads: 1 });
/** Of a picture of the small network. */
export const BYTES = 16 * 16 * 3;

export async function using<T>(session: Promise<Session>, work: (session: Session) => Promise<T>): Promise<T> {
  const opened = await session;
  try {
    return await work(opened);
  } finally {
    await opened.release();
  }
}

/** What search.onnx answers, as a system answers. */
export async function searched(bytes: Uint8Array, trie: Trie, pictures: Uint8Array, k: number): Promise<Answer[][]> {
  const batch = pictures.length / BYTES;
  const model = {
    bytes,
    inputs: [{ name: 'pictures', dtype: 'uint8', shape: [batch, 16, 16, 3] }],
    outputs: [
      { name: 'answers', dtype: 'int32', shape: [batch, k] },
      { name: 'scores', dtype: 'float32', shape: [batch, k] },
    ],
  } as const;
  const { answers, scores } = await using(runtime.load(model), (session) => session.run({ pictures }));
  const leaves = leavesByRow(trie);
  return Array.from({ length: batch }, (_, query) =>
    Array.from({ length: k }, (_, i) => ({
      row: trie.row(leaves[Number(answers?.[query * k + i])] ?? NaN) ?? NaN,
      score: Number(scores?.[query * k + i]),
    })),
  );
}

/** Rows in order; scores that are closer than float32 sums can tell apart may change places. */
export function expectSame(have: readonly Answer[], want: readonly Answer[]): void {
  expect(have).toHaveLength(want.length);
  const scoreOf = new Map(want.map(({ row, score }) => [row, score]));
  have.forEach(({ row, score }, i) => {
    expect(score).toBeCloseTo(scoreOf.get(row) ?? NaN, 3);
    if (row !== want[i]?.row) expect(scoreOf.get(row)).toBeCloseTo(want[i]?.score ?? NaN, 4);
  });
}
