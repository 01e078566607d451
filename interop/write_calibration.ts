import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@neurodex/core/random';
import { auroc } from '../packages/neurodex/src/evaluation/calibration/auroc.ts';
import { bestThreshold } from '../packages/neurodex/src/evaluation/calibration/best-threshold.ts';
import { brierScore } from '../packages/neurodex/src/evaluation/calibration/brier-score.ts';
import { calibrationError } from '../packages/neurodex/src/evaluation/calibration/calibration-error.ts';
import { coverageOf } from '../packages/neurodex/src/evaluation/calibration/coverage.ts';
import { falsePositiveRate } from '../packages/neurodex/src/evaluation/calibration/false-positive-rate.ts';
import { reliabilityBins } from '../packages/neurodex/src/evaluation/calibration/reliability.ts';
import { type ScoredAnswers, setsAt } from '../packages/neurodex/src/evaluation/calibration/scored-answers.ts';
import { setScores } from '../packages/neurodex/src/evaluation/calibration/set-f1.ts';
import { conformalQuantile, fewestQueries } from '../packages/neurodex/src/relevance/conformal.ts';
import { evaluateIsotonic, fitIsotonic } from '../packages/neurodex/src/relevance/isotonic.ts';
import { fitLogistic, predictLogistic } from '../packages/neurodex/src/relevance/logistic.ts';
import { fitPlatt } from '../packages/neurodex/src/relevance/platt.ts';

/** Random examples and what we make of them, for check_calibration.py: `tsx write_calibration.ts FOLDER`. */
const [, , folder = ''] = process.argv;
const random = Random.stream(7, 'calibration');
const list = <T>(length: number, item: (i: number) => T): T[] => Array.from({ length }, (_, i) => item(i));
const rounded = (x: number, digits: number): number => Math.round(x * 10 ** digits) / 10 ** digits;
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const drawn = (chance: number): number => (random.uniform() < chance ? 1 : 0);
/** From a few to so many, more of them small. */
const size = (most: number): number => Math.ceil(2 + (most - 2) * random.uniform() ** 3);

const isotonic = list(40, (round) => {
  // Every third has many equal scores.
  const x = list(size(3000), () => rounded(random.normal(), round % 3 === 0 ? 1 : 6));
  const y = x.map((score) => (round % 4 === 0 ? score + random.normal() : drawn(sigmoid(3 * score - 1))));
  const weights = round % 2 === 0 ? undefined : x.map(() => rounded(0.1 + 3 * random.uniform(), 3));
  const shrink = round % 4 === 3 ? 1.5 : 0;
  const at = [...x.slice(0, 300), ...list(200, (i) => i / 20 - 5)];
  const whole = fitIsotonic(x, y, { weights, shrink, knots: 1e6, tolerance: 0 });
  const reduced = fitIsotonic(x, y, { weights, shrink });
  return {
    ...{ x, y, weights, shrink, at, knots: reduced.x.length, deviation: reduced.deviation },
    whole: at.map((score) => evaluateIsotonic(whole, score)),
    reduced: at.map((score) => evaluateIsotonic(reduced, score)),
  };
});

const logistic = list(30, (round) => {
  const width = 1 + random.integer(round % 5 === 4 ? 32 : 6);
  const n = 10 * width + size(1000);
  const scales = list(width, () => 10 ** (4 * random.uniform() - 2));
  const weights = round % 2 === 0 ? undefined : list(n, () => rounded(0.1 + 3 * random.uniform(), 3));
  const slopes = list(width, () => random.normal());
  const rows = list(n, () => scales.map((scale) => scale * (random.normal() + 2)));
  const labels = rows.map((row) =>
    drawn(sigmoid(slopes.reduce((sum, slope, f) => sum + slope * ((row[f] ?? NaN) / (scales[f] ?? NaN) - 2), -1))),
  );
  // Whatever was drawn, there are both.
  labels.splice(0, 2, 0, 1);
  const l2 = 10 ** (4 * random.uniform() - 2);
  const model = fitLogistic(rows.flat(), labels, { l2, weights });
  return { rows, labels, weights, l2, model, probabilities: rows.map((row) => predictLogistic(model, row)) };
});

const platt = list(20, () => {
  const scores = list(size(2000), () => 5 * random.normal() + 50);
  const labels = scores.map((score) => drawn(sigmoid((score - 52) / 3)));
  const model = fitPlatt(scores, labels);
  return { scores, labels, probabilities: scores.map((score) => predictLogistic(model, [score])) };
});

const conformal = list(200, (round) => {
  const scores = list(size(1500), () => (round % 2 === 0 ? random.normal() : 1 + random.integer(20)));
  const confidence = round % 3 === 0 ? rounded(0.5 + 0.495 * random.uniform(), 3) : random.pick([0.8, 0.9, 0.95, 0.99]);
  const quantile = conformalQuantile(scores, confidence);
  return { scores, confidence, quantile: quantile === Infinity ? null : quantile, fewest: fewestQueries(confidence) };
});

const probabilities = list(30, (round) => {
  const confidences = list(size(5000), () => rounded(random.uniform(), 5) * 0.99999 + 1e-6);
  const right = confidences.map((p) => drawn(p ** 1.3));
  const weights = round % 2 === 0 ? undefined : confidences.map(() => rounded(0.1 + 3 * random.uniform(), 3));
  const [answers, bins] = [{ confidences, right, weights }, round % 3 === 0 ? 10 : 15];
  return {
    ...{ ...answers, bins, error: calibrationError(answers, bins), brier: brierScore(answers) },
    // scikit-learn's curve has no weights.
    curve: reliabilityBins({ confidences, right }, bins).filter(({ count }) => count > 0),
  };
});

const detection = list(30, (round) => {
  const score = (mean: number): number => rounded(mean + random.normal(), round % 2 === 0 ? 6 : 0);
  const [known, unknown] = [list(size(1500), () => score(1)), list(size(1500), () => score(0))];
  return { known, unknown, ...auroc(known, unknown), rate: falsePositiveRate(known, unknown)?.rate };
});

const sets = list(20, (round) => {
  const answerable = list(5 + random.integer(30), () => random.uniform() < 0.8);
  const lists = answerable.map((has) =>
    list(random.integer(40), () => {
      const score = Math.fround(rounded(random.uniform(), round % 2 === 0 ? 6 : 1));
      return { score, relevant: has ? drawn(score ** 2) : 0 };
    }),
  );
  const found = lists.map((each) => each.reduce((sum, { relevant }) => sum + relevant, 0));
  const totals = found.map((hits) => (hits > 0 ? hits + random.integer(4) : 0));
  const flat = lists.flat();
  const answers: ScoredAnswers = {
    scores: Float32Array.from(flat, ({ score }) => score),
    relevant: Uint8Array.from(flat, ({ relevant }) => relevant),
    offsets: Uint32Array.from([0, ...lists.map((_, q) => lists.slice(0, q + 1).flat().length)]),
    totals: Uint32Array.from(totals),
  };
  const best = bestThreshold(answers);
  const at = setsAt(answers, 0.5);
  return {
    ...{ lists, totals, best: { f1: best?.f1, threshold: best?.threshold === Infinity ? null : best?.threshold } },
    half: { ...setScores(at), ...coverageOf(at) },
  };
});

mkdirSync(folder, { recursive: true });
const written = { isotonic, logistic, platt, conformal, probabilities, detection, sets };
writeFileSync(join(folder, 'calibration.json'), JSON.stringify(written));
