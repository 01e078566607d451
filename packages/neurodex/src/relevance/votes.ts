/** An answer as far as votes need it. */
export interface Voter {
  readonly row: number;
  readonly score: number;
}

/** Labels of a row; a row without labels is like no other. */
export type LabelsOf = (row: number) => readonly string[];

/** Answers that vote; those behind them are too far away to say anything. */
export const VOTERS = 100;

/**
 * Which share of the votes agrees with an answer: each of the best answers votes with the weight exp(β·score) for all that are
 * relevant to it, those that share a label with it. In a folder without labels an answer has its own vote.
 */
export class Votes {
  private readonly voters: readonly Voter[];
  private readonly labelsOf: LabelsOf;
  private readonly weights: Float64Array;
  private readonly total: number;
  private readonly byLabel = new Map<string, number>();
  private readonly byRow = new Map<number, number>();
  private isSingle = true;

  /** @param answers best first */
  constructor(answers: readonly Voter[], sharpness: number, labelsOf: LabelsOf) {
    this.voters = answers.slice(0, VOTERS);
    this.labelsOf = labelsOf;
    const best = this.voters[0]?.score ?? 0;
    this.weights = Float64Array.from(this.voters, ({ score }) => Math.exp(sharpness * (score - best)));
    this.total = this.weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, { row }] of this.voters.entries()) {
      const weight = this.weights[i] ?? NaN;
      const labels = labelsOf(row);
      this.byRow.set(row, weight);
      if (labels.length > 1) this.isSingle = false;
      for (const label of labels) this.byLabel.set(label, (this.byLabel.get(label) ?? 0) + weight);
    }
  }

  /** In [0, 1]. @param row of any catalogue picture, also of one that does not vote */
  share(row: number): number {
    if (this.total === 0) return 0;
    const labels = this.labelsOf(row);
    return Math.min(1, this.weightOf(row, labels) / this.total);
  }

  private weightOf(row: number, labels: readonly string[]): number {
    const [first] = labels;
    if (first === undefined) return this.byRow.get(row) ?? 0;
    if (labels.length === 1 || this.isSingle) {
      return labels.reduce((sum, label) => sum + (this.byLabel.get(label) ?? 0), 0);
    }
    const wanted = new Set(labels);
    return this.voters.reduce(
      (sum, voter, i) =>
        sum + (this.labelsOf(voter.row).some((label) => wanted.has(label)) ? (this.weights[i] ?? NaN) : 0),
      0,
    );
  }
}

/** Sharpnesses that are tried, in units of one over the typical distance between the first score and the last that votes. */
const TRIED = Array.from({ length: 15 }, (_, i) => 2 ** ((i - 2) / 1.5));

/**
 * The β that gives the votes of queries the greatest likelihood: the mean log of the share that falls on relevant answers.
 * @param queries answers best first, those that are relevant among them
 */
export function fitSharpness(
  queries: readonly { readonly answers: readonly Voter[]; readonly relevant: ReadonlySet<number> }[],
): number {
  const sides = queries.flatMap(({ answers, relevant }) => {
    const voters = answers.slice(0, VOTERS);
    const best = voters[0]?.score ?? 0;
    const right = voters.map(({ row }) => relevant.has(row));
    if (!right.includes(true) || !right.includes(false)) return [];
    return [{ distances: voters.map(({ score }) => best - score), right }];
  });
  const spreads = sides.map(({ distances }) => distances.at(-1) ?? 0).sort((a, b) => a - b);
  const spread = spreads[Math.floor(spreads.length / 2)] ?? 0;
  if (!(spread > 0)) return 1;
  const likelihood = (sharpness: number): number =>
    sides.reduce((sum, { distances, right }) => {
      let [own, all] = [0, 0];
      for (const [i, distance] of distances.entries()) {
        const weight = Math.exp(-sharpness * distance);
        all += weight;
        if (right[i] === true) own += weight;
      }
      return sum + Math.log(Math.max(own / all, 1e-6));
    }, 0);
  const tried = TRIED.map((factor) => ({ sharpness: factor / spread, value: likelihood(factor / spread) }));
  return tried.reduce((best, each) => (each.value > best.value ? each : best)).sharpness;
}
