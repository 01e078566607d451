import type { RelevanceMeasures, UnknownMeasures } from '../evaluation/calibration/relevance-measures.ts';
import type { ReliabilityBin } from '../evaluation/calibration/reliability.ts';
import { TEXT_RELEVANCE_NAMES } from '../evaluation/text-relevance.ts';
import { figure } from './charts.ts';
import type { ReportFacts } from './facts.ts';
import { type Html, html } from './html.ts';
import { noneChart, reliabilityChart } from './relevance-charts.ts';
import { percent } from './relevance-table.ts';

type Systems = Readonly<Record<string, RelevanceMeasures>>;

/** What probabilities are worth: of answers to pictures, then of those to captions. */
export function relevanceSection({ relevance, text = {} }: Pick<ReportFacts, 'relevance' | 'text'>): Html {
  const pictures =
    relevance === null
      ? html`<p>The index is not calibrated: its answers have scores, and no probabilities.</p>`
      : measuresOf(relevance, 'queries', '');
  return html`${pictures}${TEXT_RELEVANCE_NAMES.map((name) => {
    const found = text[name]?.relevance;
    return found === undefined
      ? html``
      : html`<h3>Text → picture: ${name}</h3>${measuresOf(found, 'captions', `${name}: `)}`;
  })}`;
}

/** @param before what stands before headings */
function measuresOf(systems: Systems, asked: string, before: string): Html {
  const all = Object.entries(systems);
  const [first] = Object.values(systems);
  if (first === undefined) return html``;
  const chosen = first.setF1.queries < first.queries ? `, of ${number(first.setF1.queries)} ${asked} taken evenly` : '';
  return html`<p>The first ${number(first.answers)} answers to ${number(first.queries)} ${asked}, those without a relevant picture among them. ECE: expected calibration error, 15 bins. Set-F1: of all answers that are likelier relevant than not${chosen}; one threshold: of the best single threshold of scores, chosen on the same ${asked}.</p>
${table(
  ['system', 'ECE', 'Brier', 'set-F1', 'precision', 'recall', 'one threshold'],
  all.map(([name, { calibrationError, brier, setF1 }]) => [
    name,
    ...[calibrationError, brier, setF1.f1, setF1.precision, setF1.recall, setF1.bestScoreThreshold.f1].map(decimal),
  ]),
)}
<h3>${before}Reliability</h3>
<p class="note">bars: share of the answers with such a probability that are relevant, with their number; dots: at their mean probability; on the dashed line it would be true</p>
<div class="charts">${all.map(([name, { reliability }]) =>
    figure(
      name,
      html`${reliabilityChart(`reliability diagram of ${name}`, reliability)}${binsTable(name, reliability)}`,
    ),
  )}</div>
<h3>${before}Sets of answers with a promised coverage</h3>
${coverageTable(all)}${unknownPart(all, before)}`;
}

const binsTable = (name: string, bins: readonly ReliabilityBin[]): Html =>
  html`<details><summary>Bins of ${name} as a table</summary>${table(
    ['probability', 'answers', 'mean probability', 'relevant'],
    bins.map(({ from, to, count, confidence, accuracy }) => [
      `${from.toFixed(2)} – ${to.toFixed(2)}`,
      number(count),
      confidence === null ? '—' : decimal(confidence),
      accuracy === null ? '—' : decimal(accuracy),
    ]),
  )}</details>`;

const coverageTable = (all: readonly (readonly [string, RelevanceMeasures])[]): Html =>
  html`<p class="note">of known queries, those with a relevant picture in the catalogue; a set holds one picture of each group of labels</p>${table(
    ['system', 'promised', 'hold a relevant picture', 'mean size', 'median size', 'empty'],
    all.flatMap(([name, { coverage }]) =>
      coverage.map((each) => [
        name,
        percent(each.confidence),
        decimal(each.coverage),
        each.meanSize.toFixed(2),
        String(each.medianSize),
        decimal(each.emptyShare),
      ]),
    ),
  )}`;

interface Said {
  readonly names: string[];
  readonly unknown: UnknownMeasures;
}

/** Systems that have the same to show are shown together. @param shown what is compared */
function together(
  all: readonly (readonly [string, RelevanceMeasures])[],
  shown: (unknown: UnknownMeasures) => unknown,
) {
  const groups = new Map<string, Said>();
  for (const [name, { unknown }] of all) {
    if (unknown === null) continue;
    const key = JSON.stringify(shown(unknown));
    const group = groups.get(key) ?? { names: [], unknown };
    group.names.push(name);
    groups.set(key, group);
  }
  return Array.from(groups.values(), ({ names, unknown }) => ({ names: names.join(', '), unknown }));
}

/** The probability that nothing is relevant is about the query; whether nothing is found depends on the answers as well. */
function unknownPart(all: readonly (readonly [string, RelevanceMeasures])[], before: string): Html {
  const rows = together(all, (unknown) => unknown);
  if (rows.length === 0) return html``;
  return html`<h3>${before}Known and unknown queries</h3>
<p class="note">AUROC: how often a known query is taken for less unknown than an unknown one, with its 95 % interval (DeLong); FPR95: share of unknown queries taken for known where 95 % of the known ones are; nothing found: share of known and of unknown queries for which that is the likeliest</p>
${table(
  ['system', 'known', 'unknown', 'AUROC', 'FPR95', 'nothing found, known', 'nothing found, unknown'],
  rows.map(({ names, unknown }) => [
    names,
    number(unknown.known),
    number(unknown.queries),
    decimal(unknown.auroc) + (unknown.interval === null ? '' : ` (${unknown.interval.map(decimal).join(' – ')})`),
    decimal(unknown.fpr95),
    decimal(unknown.falseNothing),
    decimal(unknown.rightNothing),
  ]),
)}<div class="charts">${together(all, ({ histogram }) => histogram).map(({ names, unknown }) =>
    figure(names, html`${noneChart(unknown)}${noneTable(names, unknown)}`),
  )}</div>`;
}

const noneTable = (names: string, { histogram }: UnknownMeasures): Html =>
  html`<details><summary>Probabilities of ${names} as a table</summary>${table(
    ['nothing is relevant', 'known queries', 'unknown queries'],
    histogram.map(({ from, to, known, unknown }) => [
      `${from.toFixed(2)} – ${to.toFixed(2)}`,
      number(known),
      number(unknown),
    ]),
  )}</details>`;

/** The first column is text that names its row, the others are numbers. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): Html {
  const [first = '', ...others] = headings;
  return html`<div class="scroll"><table><thead><tr><th scope="col">${first}</th>${others.map(
    (heading) => html`<th scope="col" class="number">${heading}</th>`,
  )}</tr></thead><tbody>${rows.map(([name = '', ...cells]) => {
    return html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
  })}</tbody></table></div>`;
}

/** As `evaluate` prints figures. */
const decimal = (value: number): string => value.toFixed(3);

const number = (n: number): string => n.toLocaleString('en-US');
