import { conformalQuantile } from './conformal.ts';
import { evaluateIsotonic, type IsotonicFunction } from './isotonic.ts';
import { type LabelsOf, type Voter, Votes } from './votes.ts';

/** How the answers of one system to one kind of query become probabilities. */
export interface AnswerCalibration {
  /** β of the votes. */
  readonly sharpness: number;
  /** The evidence for an answer → the probability that it is relevant. */
  readonly relevance: IsotonicFunction;
  /** Of each query it was fitted to, the evidence for its best relevant answer, rising; 0 where none was found. */
  readonly found: readonly number[];
}

/** An answer with what is known of it. */
export interface JudgedAnswer extends Voter {
  /** Estimated probability that it is relevant to the query, in [0, 1]. */
  readonly relevance: number;
  /** What that was estimated from, in [0, 1]. */
  readonly evidence: number;
}

/** What answers are judged with besides their scores. */
export interface JudgedWith {
  readonly labelsOf: LabelsOf;
  /** Probability that nothing is relevant; 0 where nothing is known. */
  readonly none: number;
  /** The score of a picture of which its system knows nothing: such answers do not vote. All vote by default. */
  readonly silentScore?: number | undefined;
}

/** The answers that vote: those with a score that says something. */
export const votersOf = <Answer extends Voter>(answers: readonly Answer[], silentScore: number | undefined): Answer[] =>
  answers.filter(({ score }) => score !== silentScore);

/**
 * The evidence for an answer is its share of the votes, less what speaks for an outcome in which nothing is relevant.
 * @param answers best first, `VOTERS` of them or all: those that vote @param shown those that are judged, the same by default
 */
export function judgeAnswers(
  answers: readonly Voter[],
  { sharpness, relevance }: Pick<AnswerCalibration, 'sharpness' | 'relevance'>,
  { labelsOf, none, silentScore }: JudgedWith,
  shown: readonly Voter[] = answers,
): JudgedAnswer[] {
  const votes = new Votes(votersOf(answers, silentScore), sharpness, labelsOf);
  return shown.map(({ row, score }) => {
    const evidence = votes.share(row) * (1 - none);
    return { row, score, evidence, relevance: evaluateIsotonic(relevance, evidence) };
  });
}

/**
 * The smallest set of answers that holds a relevant one with a probability (split conformal prediction): of those that would be
 * relevant together the first alone, and only those with enough evidence. It may be empty.
 * @param answers judged, best first @param confidence in (0, 1)
 */
export function confidentSet<Judged extends JudgedAnswer>(
  answers: readonly Judged[],
  { found }: Pick<AnswerCalibration, 'found'>,
  confidence: number,
  labelsOf: LabelsOf,
): Judged[] {
  const least = evidenceFor(found, confidence);
  const seen = new Set<string>();
  return answers.filter(({ row, evidence }) => {
    if (evidence < least || evidence === 0) return false;
    const key = groupOf(row, labelsOf);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/**
 * Whether sets can hold a relevant answer with a probability: not where too few queries were asked, or too many found nothing relevant.
 * Sets then hold every answer with any evidence.
 */
export const canPromise = ({ found }: Pick<AnswerCalibration, 'found'>, confidence: number): boolean =>
  evidenceFor(found, confidence) > 0;

/** Answers of one group are relevant to the same queries. */
const groupOf = (row: number, labelsOf: LabelsOf): string => {
  const labels = labelsOf(row);
  return labels.length === 0 ? `row ${row}` : JSON.stringify([...labels].sort());
};

/** The evidence that an answer of a set needs. @returns −Infinity where too few queries were asked for such a confidence */
export const evidenceFor = (found: readonly number[], confidence: number): number =>
  -conformalQuantile(
    found.map((evidence) => -evidence),
    confidence,
  );
