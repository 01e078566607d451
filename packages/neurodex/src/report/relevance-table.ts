import { CONFIDENCES, type RelevanceMeasures } from '../evaluation/calibration/relevance-measures.ts';
import { type Column, textTable } from './table.ts';

/** What probabilities are worth: a row for each system. */
export function relevanceTable(systems: Readonly<Record<string, RelevanceMeasures>>): string {
  const numbers = ['ECE', 'Brier', ...CONFIDENCES.map(percent), 'AUROC', 'set-F1', 'one threshold'];
  const columns: Column[] = [{ heading: 'system' }, ...numbers.map((heading): Column => ({ heading, align: 'right' }))];
  return textTable(
    columns,
    Object.entries(systems).map(([name, { calibrationError, brier, coverage, unknown, setF1 }]) => [
      name,
      figure(calibrationError),
      figure(brier),
      ...CONFIDENCES.map((confidence) => {
        const found = coverage.find((each) => each.confidence === confidence);
        return found === undefined ? 'n/a' : `${figure(found.coverage)}, ${found.meanSize.toFixed(1)}`;
      }),
      aurocText(unknown),
      figure(setF1.f1),
      figure(setF1.bestScoreThreshold.f1),
    ]),
  );
}

/** 0.912 [0.890, 0.934] */
export const aurocText = (unknown: RelevanceMeasures['unknown']): string => {
  if (unknown === null) return 'n/a';
  const { auroc, interval } = unknown;
  return figure(auroc) + (interval === null ? '' : ` [${interval.map(figure).join(', ')}]`);
};

/** Of a share. */
export const percent = (share: number): string => `${Math.round(100 * share)} %`;

const figure = (value: number): string => value.toFixed(3);
