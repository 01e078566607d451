import type { PairwiseTest } from '../evaluation/pairwise.ts';
import { legend } from './chart.ts';
import { measuresChart } from './charts.ts';
import type { ReportFacts } from './facts.ts';
import { type Html, html } from './html.ts';

/** Measures of all systems with their intervals, as a table and as a chart, and who is better on what. */
export function figuresSection({ evaluation, tests, level, split }: ReportFacts): Html {
  const { systems, intervals, queries, withoutRelevant, catalogue } = evaluation;
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
  return html`<p>${queries} ${split} queries over ${catalogue} catalogue pictures${
    withoutRelevant > 0
      ? `; ${withoutRelevant} ${withoutRelevant === 1 ? 'query' : 'queries'} without a relevant picture left out`
      : ''
  }. Below each figure its 95 % confidence interval over queries (BCa bootstrap).</p>
<div class="charts"><div class="scroll"><table><thead><tr><th scope="col">measure</th>${names.map(
    (name) => html`<th scope="col" class="number">${name}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>
<div>${legend(names)}${measuresChart(systems, intervals)}</div></div>
${tests.length === 0 ? html`` : testsTable(tests, level)}`;
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
