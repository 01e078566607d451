import { visibleName } from '@neurodex/core';
import type { PatchAttention } from '../dsi/search/attention-probe.ts';
import { ATTENTION_MAPS, attentionVeil } from './attention-picture.ts';
import { figure } from './charts.ts';
import type { Decoded, Example, ExampleAnswer, ReportFacts, ReportPictures } from './facts.ts';
import { type Html, html, trusted } from './html.ts';
import { treeChart } from './tree-chart.ts';

const KINDS = { best: 'Best', median: 'Median', worst: 'Worst' } as const satisfies Record<Example['kind'], string>;
/** Units of a drawn picture. */
const EDGE = 144;

/** Queries with the first answers of each system, framed right or wrong. */
export function examplesSection({ examples }: ReportFacts, pictures: ReportPictures): Html {
  const kinds = (['best', 'median', 'worst'] as const).flatMap((kind) => {
    const shown = examples.filter((example) => example.kind === kind);
    return shown.length === 0 ? [] : [html`<h3>${KINDS[kind]}</h3>${shown.map((one) => exampleRow(one, pictures))}`];
  });
  const first = Object.keys(examples[0]?.systems ?? {})[0] ?? '';
  return html`<p class="note">queries by the average precision of ${first}; solid frame and tick: relevant; dashed frame and cross: not relevant</p>${kinds}`;
}

const exampleRow = ({ query, row, label, systems }: Example, pictures: ReportPictures): Html =>
  html`<div class="example"><div class="asked"><img src="${dataUrl('jpeg', pictures.thumbnail(row))}" alt="query ${query}"><span>${nameOf(label, query)}</span></div><div class="answers">${Object.entries(
    systems,
  ).map(
    ([name, { AP, answers }]) =>
      html`<div class="system">${name} <span class="faint">AP ${AP.toFixed(3)}</span><div class="row">${answers.map((answer) => answerCell(answer, pictures))}</div></div>`,
  )}</div></div>`;

const answerCell = ({ row, picture, label, identifier, relevant }: ExampleAnswer, pictures: ReportPictures): Html =>
  html`<div class="answer${relevant ? ' right' : ''}" title="${picture}, identifier ${identifier}"><img src="${dataUrl('jpeg', pictures.thumbnail(row))}" alt="${picture}, ${relevant ? 'relevant' : 'not relevant'}"><b aria-hidden="true">${relevant ? '✓' : '✗'}</b><span>${nameOf(label, picture)}</span></div>`;

/** Patches, decoding tree and attention of a few queries. */
export function lookingSection({ decoded, examples }: ReportFacts, pictures: ReportPictures): Html {
  return html`${decoded.map((one, i) => {
    const example = examples[one.example];
    return example === undefined ? html`` : decodedQuery(one, example, pictures, `picture${i}`);
  })}<p class="note">The picture is cut into patches, which the network reads; then it writes an identifier token by token. The tree shows
the probability of each beginning, summed over all catalogue pictures whose identifier begins so. A veil hides what a token did not
look at: attention of the last layer (mean over heads), and attention rollout over all layers (Abnar &amp; Zuidema 2020).
The share that is not on the picture was on the tokens before. A network with a memory (training.plan write) looks once, before it compares
what it saw with all prefixes: its tokens share one map.</p>`;
}

function decodedQuery(
  { tree, identifier, attention }: Decoded,
  { kind, query, label }: Example,
  pictures: ReportPictures,
  id: string,
): Html {
  const picture = dataUrl('png', pictures.modelPicture(query));
  const image = html`<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><image id="${id}" href="${picture}" width="${EDGE}" height="${EDGE}" style="image-rendering:pixelated"/></defs></svg>`;
  const drawn = (over: string, what: string): Html =>
    html`<svg viewBox="0 0 ${EDGE} ${EDGE}" role="img" aria-label="${what}"><use href="#${id}"/>${trusted(over)}</svg>`;
  const maps = ATTENTION_MAPS.map(([map, name]) =>
    attention.map((token) => {
      const seen: PatchAttention = token[map];
      const words = `token ${token.token}, ${name}`;
      return html`<figure>${drawn(attentionVeil(seen.patches, EDGE), words)}<figcaption>${words}<br><span class="faint">${Math.round(100 * seen.onPicture)} % on the picture</span></figcaption></figure>`;
    }),
  );
  const side = pictures.size / pictures.patchSize;
  return html`${image}<h3>${KINDS[kind]} query: ${nameOf(label, query)}</h3>
<div class="charts"><div><div class="pictures"><figure>${drawn(grid(pictures), 'the picture cut into patches')}<figcaption>${side} × ${side} patches of ${pictures.patchSize} × ${pictures.patchSize} pixels</figcaption></figure></div>
<p>What the tokens of the best answer, ${identifier}, looked at:</p>
${maps.map((row) => html`<div class="pictures">${row}</div>`)}</div>
${figure('Decoding', html`<div class="scroll tree">${treeChart(tree)}</div>`)}</div>`;
}

/** Gaps in the page's own colour between the patches, each of which has an edge: the picture cut to pieces. */
function grid({ size, patchSize }: ReportPictures): string {
  const count = size / patchSize;
  const side = EDGE / count;
  const lines = Array.from({ length: count - 1 }, (_, i) => {
    const at = ((i + 1) * side).toFixed(2);
    return `M${at} 0V${EDGE}M0 ${at}H${EDGE}`;
  });
  const edges = Array.from({ length: count * count }, (_, i) => {
    const [x, y] = [(i % count) * side, Math.floor(i / count) * side];
    return `M${(x + 2).toFixed(2)} ${(y + 2).toFixed(2)}h${(side - 4).toFixed(2)}v${(side - 4).toFixed(2)}h-${(side - 4).toFixed(2)}Z`;
  });
  const gaps = `<path d="${lines.join('')}M0 0H${EDGE}V${EDGE}H0Z" stroke="var(--paper)" stroke-width="4"/>`;
  return `<g fill="none">${gaps}<path d="${edges.join('')}" stroke="var(--faint)" stroke-width="0.6"/></g>`;
}

const dataUrl = (format: 'jpeg' | 'png', bytes: Uint8Array): string =>
  `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`;

/** The class of a picture, else its own name. */
const nameOf = (label: string | null, picture: string): string => (label === null ? picture : visibleName(label));
