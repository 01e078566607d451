import { expect, it } from 'vitest';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import { childLogProbabilities } from './child-log-probabilities.ts';

const trie = new Trie(numeric, ['10', '12', '2']);

function chosen(node: number, logits: Float32Array, offset = 0): [number, number][] {
  const found: [number, number][] = [];
  childLogProbabilities(trie, node, logits, offset, (child, log) => found.push([trie.token(child), log]));
  return found;
}

it('is the softmax over the tokens that the trie allows', () => {
  // Behind 1 stand 0 and 2: e^1000 and e^1000·3, too large by themselves; the rest does not count.
  const logits = new Float32Array(20).fill(5000);
  logits[7] = 1000;
  logits[9] = 1000 + Math.log(3);
  const found = chosen(trie.walk([1]) as number, logits, 7);
  expect(found.map(([token]) => token)).toEqual([0, 2]);
  expect(found[0]?.[1]).toBeCloseTo(Math.log(1 / 4), 4);
  expect(found[1]?.[1]).toBeCloseTo(Math.log(3 / 4), 4);
});

it('is certain of an only child, whatever stands in the logits of a parent that was not decoded', () => {
  expect(chosen(trie.walk([2]) as number, new Float32Array(13).fill(Number.NaN))).toEqual([
    [numeric.vocabulary.eos, 0],
  ]);
});

it('has nothing to choose at a leaf', () => {
  expect(chosen(trie.walk([2, numeric.vocabulary.eos]) as number, new Float32Array(13))).toEqual([]);
});
