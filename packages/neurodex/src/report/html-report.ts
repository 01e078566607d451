import { legend } from './chart.ts';
import { balanceChart, confusionChart, curveCharts, figure, learningCharts } from './charts.ts';
import type { ReportFacts, ReportPictures } from './facts.ts';
import { type Html, html, jsonScript } from './html.ts';
import { page } from './page.ts';
import { relevanceSection } from './relevance-section.ts';
import { figuresSection } from './report-figures.ts';
import { examplesSection, lookingSection } from './report-pictures.ts';
import { showValue } from './text.ts';

/** The id of the script element that holds the report's facts as JSON. */
export const FACTS_ID = 'facts';

/** The report as one self-contained HTML page. Its figures are those of the facts, which it holds as JSON as well. */
export function htmlReport(facts: ReportFacts, pictures: ReportPictures): string {
  const { evaluation, dataset } = facts;
  const systems = Object.keys(evaluation.systems);
  const subtitle = html`<p>${dataset.name}: ${count(facts.pictures.catalogue)} catalogue pictures, ${count(evaluation.queries)} ${facts.split} queries, ${systems.join(', ')}</p>`;
  const sections = [
    { id: 'figures', title: 'Figures', content: figuresSection(facts) },
    {
      id: 'curves',
      title: 'Precision and recall',
      content: html`${legend(systems)}<div class="charts">${curveCharts(facts.curves)}</div><p class="note">means over queries; precision interpolated at eleven levels of recall</p>`,
    },
    { id: 'relevance', title: 'Probabilities of relevance', content: relevanceSection(facts) },
    { id: 'examples', title: 'Examples', content: examplesSection(facts, pictures) },
    ...(facts.decoded.length === 0
      ? []
      : [{ id: 'looking', title: 'How the DSI reads a picture', content: lookingSection(facts, pictures) }]),
    { id: 'confusion', title: 'Confusion of classes', content: confusionSection(facts) },
    ...(pictures.learning.loss.length === 0
      ? []
      : [
          {
            id: 'learning',
            title: 'Learning curves',
            content: html`<div class="charts">${learningCharts(pictures.learning)}</div><p class="note">${PHASES}</p>`,
          },
        ]),
    { id: 'data', title: 'Data set', content: dataSection(facts) },
    { id: 'configuration', title: 'Configuration', content: configurationSection(facts) },
  ];
  const footer = html`${noticesOf(facts)}<p>Neurodex ${facts.neurodex}. All figures of this page are in it as JSON, in the element with the id ${FACTS_ID}.</p>${jsonScript(FACTS_ID, facts)}`;
  return page(`Report of ${facts.index}`, subtitle, sections, footer);
}

const PHASES =
  'IA is of the indexing task (catalogue pictures, each its own identifier), AP of the retrieval task (validation queries). ' +
  'The joint plan trains both tasks in every batch, so that its loss and token accuracy are of both.';

function confusionSection({ confusion }: ReportFacts): Html {
  const shown = Object.entries(confusion).filter(([, cells]) => cells.length > 0);
  if (shown.length === 0) return html`<p>The pictures have no classes.</p>`;
  return html`<p class="note">rows: class of the query; columns: class of the first answer; the fuller a cell, the larger its share of the class’s queries</p><div class="charts">${shown.map(
    ([system, cells]) => figure(system, html`<div class="scroll">${confusionChart(cells)}</div>`),
  )}</div>`;
}

function dataSection({ dataset, pictures, skipped, duplicates, balance }: ReportFacts): Html {
  const facts: [string, string][] = [
    ['data set', dataset.name],
    ['source', dataset.source],
    ['catalogue', count(pictures.catalogue)],
    [
      'queries',
      `${count(pictures.train)} train, ${count(pictures.validation)} validation, ${count(pictures.test)} test`,
    ],
    ['classes', count(balance.length)],
    ['skipped files', count(skipped)],
    ['duplicates', duplicatesOf(duplicates)],
  ];
  return html`<div class="charts"><div>${list(facts)}</div>${
    balance.length === 0 ? html`` : figure('Class balance', balanceChart(balance))
  }</div>`;
}

function duplicatesOf({ sets, copies, leftOut, acrossSplits }: ReportFacts['duplicates']): string {
  const told = [
    ...(copies > 0 ? [`${count(copies)} of ${count(sets)} pictures`] : []),
    ...(leftOut > 0 ? [`${count(leftOut)} left out`] : []),
    ...(acrossSplits > 0 ? [`${count(acrossSplits)} in several splits`] : []),
  ];
  return told.length === 0 ? 'none' : told.join(', ');
}

function configurationSection({ config, created, seed, parameters, training, neurodex }: ReportFacts): Html {
  const facts: [string, string][] = [['created', `${created}, Neurodex ${neurodex}, seed ${seed}`]];
  if (parameters !== null) facts.push(['parameters', count(parameters)]);
  if (training !== null) facts.push(['training', trainingOf(training)]);
  const sections = Object.entries(config).map(
    ([name, keys]) =>
      html`<h3>${name}</h3>${list(
        typeof keys === 'object' && keys !== null
          ? Object.entries(keys).map(([key, value]) => [key, showValue(value)])
          : [[name, String(keys)]],
      )}`,
  );
  return html`${list(facts)}<div class="charts">${sections.map((section) => html`<div>${section}</div>`)}</div>`;
}

const trainingOf = ({ steps, seconds, device }: NonNullable<ReportFacts['training']>): string =>
  `${count(steps)} steps in ${count(Math.round(seconds))} s on ${device}`;

const noticesOf = ({ notices }: ReportFacts): Html =>
  notices.length === 0
    ? html``
    : html`<p>Pictures: ${notices.map(({ work, author, licence, url }) => `${work} by ${author}, ${licence}, ${url}`).join('; ')}.</p>`;

const list = (entries: readonly (readonly [string, string])[]): Html =>
  html`<dl>${entries.map(([term, what]) => html`<dt>${term}</dt><dd>${what}</dd>`)}</dl>`;

const count = (n: number): string => n.toLocaleString('en-US');
