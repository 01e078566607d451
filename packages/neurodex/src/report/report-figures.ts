import type { Comparison } from '../evaluation/compare.ts';
import type { PairwiseTest } from '../evaluation/pairwise.ts';
import { TEXT_RELEVANCE, TEXT_RELEVANCE_NAMES } from '../evaluation/text-relevance.ts';
import { legend } from './chart.ts';
import { measuresChart } from './charts.ts';
import type { ReportFacts } from './facts.ts';
import { type Html, html } from './html.ts';

/** Measures of all systems with their intervals, as a table and as a chart, and who is better on what; then those of captions. */
export function figuresSection({ evaluation, text = {}, tests, level, split }: ReportFacts): Html {
  const { systems, intervals, queries, withoutRelevant, catalogue } = evaluation;
  return html`<p>${queries} ${split} queries over ${catalogue} catalogue pictures${leftOut(withoutRelevant)}. Below each figure its 95 % confidence interval over queries (BCa bootstrap).</p>
<div class="charts">${measuresTable(evaluation)}
<div>${legend(Object.keys(systems))}${measuresChart(systems, intervals)}</div></div>
${tests.length === 0 ? html`` : testsTable(tests, level)}${TEXT_RELEVANCE_NAMES.map((name) => {
  const found = text[name];
  return found === undefined
    ? html``
    : html`<h3>Text → picture: ${name}</h3>
<p class="note">${found.queries} captions over ${catalogue} catalogue pictures${leftOut(found.withoutRelevant)}; ${TEXT_RELEVANCE[name].description}</p>
${measuresTable(found)}`;
})}`;
}

const leftOut = (queries: number): string =>
  queries > 0 ? `; ${queries} ${queries === 1 ? 'query' : 'queries'} without a relevant picture left out` : '';

function measuresTable({ systems, intervals }: Pick<Comparison, 'systems' | 'intervals'>): Html {
  const names = Object.keys(systems);
  const labels = [...new Set(names.flatMap((name) => Object.keys(systems[name] ?? {})))];
  const rows = labels.map((label) => {
    const values = names.map((name) => systems[name]?.[label]);
    const largest = Math.max(...values.map((value) => value ?? Number.NEGATIVE_INFINITY));
    const cells = names.map((name) => {
      const [value, interval] = [systems[name]?.[label], intervals[name]?.[label]];
      if (value === undefined) return html`<td class="number">—</td>`;
      const range =
        interval === undefined ? html`` : html`<span class="interval">${interval.map(figure).join(' – ')}</span>`;
      return html`<td class="number${value === largest && names.length > 1 ? ' best' : ''}">${figure(value)}${range}</td>`;
    });
    return html`<tr><th scope="row">${label}</th>${cells}</tr>`;
  });
  return html`<div class="scroll"><table><thead><tr><th scope="col">measure</th>${names.map(
    (name) => html`<th scope="col" class="number">${name}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function testsTable(tests: readonly PairwiseTest[], level: number): Html {
  const rows = tests.map(
    ({ measure, systems, difference, interval, effectSize, pHolm, winner }) =>
      html`<tr><th scope="row">${measure}</th><td>${systems.join(' − ')}</td><td class="number">${signed(difference)}<span class="interval">${interval
        .map(signed)
        .join(
          ' – ',
        )}</span></td><td class="number">${effectSize === null ? '—' : signed(effectSize)}</td><td class="number">${
        pHolm < 0.0001 ? pHolm.toExponential(0) : pHolm.toFixed(4)
      }</td><td>${winner ?? '—'}</td></tr>`,
  );
  return html`<h3>Who is better</h3>
<p class="note">paired randomisation test, two-sided, p after Holm’s correction over ${tests.length} tests, level ${level}; effect: Cohen’s d for pairs</p>
<div class="scroll"><table><thead><tr><th scope="col">measure</th><th scope="col">systems</th><th scope="col" class="number">difference</th><th scope="col" class="number">effect</th><th scope="col" class="number">p</th><th scope="col">better</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** As `evaluate` prints figures. */
const figure = (value: number): string => value.toFixed(3);

const signed = (value: number): string => (value < 0 ? '−' : '+') + Math.abs(value).toFixed(3);
