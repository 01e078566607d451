import type { IndexDetails } from 'neurodex/client';
import { Facts } from '../components/facts.tsx';
import { bytes, count, counted, day, duration, figure } from '../state/format.ts';

/** The data set, network, training, licences and configuration of an index. */
export function AboutIndex({ details }: { readonly details: IndexDetails }) {
  return (
    <section aria-labelledby="about-title">
      <h2 id="about-title">About this index</h2>
      <Facts entries={factsOf(details)} />
      <Licences notices={details.notices} />
      <details className="behind">
        <summary>Configuration</summary>
        <div className="configuration">
          {Object.entries(details.config).map(([name, section]) => (
            <div key={name}>
              <h3>{name}</h3>
              <Facts
                entries={
                  typeof section === 'object' && section !== null
                    ? Object.entries(section).map(([key, value]) => [key, valueText(value)])
                    : [[name, valueText(section)]]
                }
              />
            </div>
          ))}
        </div>
      </details>
    </section>
  );
}

function factsOf(details: IndexDetails): [string, string][] {
  const { dataset, catalogue, queries, model, training, created, seed, pictures, patchesPerSide } = details;
  const size = `${pictures.size} × ${pictures.size} pixels`;
  const facts: [string, string][] = [
    ['data set', dataset.name],
    ['source', dataset.source],
    ['created', `${day(created)}, seed ${seed}`],
    ['catalogue', counted(catalogue, 'picture')],
    ['queries', `${count(queries.train)} train, ${count(queries.validation)} validation, ${count(queries.test)} test`],
    ['pictures', patchesPerSide === null ? size : `${size} in ${patchesPerSide} × ${patchesPerSide} patches`],
  ];
  if (model !== null) facts.push(['network', `${counted(model.parameters, 'parameter')}, ${bytes(model.bytes)}`]);
  if (training !== null)
    facts.push(['training', `${counted(training.steps, 'step')} in ${duration(training.seconds)}`]);
  facts.push(['relevance', relevanceOf(details)]);
  return facts;
}

/** What is known of the relevance of answers. */
function relevanceOf({ relevance }: IndexDetails): string {
  if (relevance === null) return 'not calibrated: answers are ranked, and nothing says whether they are relevant';
  const { systems, nothingFound, stale } = relevance;
  const answers = (['picture', 'text'] as const).flatMap((kind) => {
    const names = systems.filter(({ queries }) => queries.includes(kind)).map(({ system }) => system);
    return names.length === 0 ? [] : [`of ${names.join(', ')} to ${kind === 'picture' ? 'pictures' : 'words'}`];
  });
  const nothing =
    nothingFound === null
      ? ''
      : `, and for pictures to which nothing is relevant (AUROC ${figure(nothingFound.auroc)})`;
  return `calibrated for answers ${answers.join(', ')}${nothing}${stale ? '; stale, because many pictures have come or gone since' : ''}`;
}

/** The works that the pictures come from: their licences require the authors' names. */
function Licences({ notices }: { readonly notices: IndexDetails['notices'] }) {
  if (notices.length === 0) return null;
  return (
    <details className="behind">
      <summary>Licences</summary>
      <ul className="plain-list">
        {notices.map(({ work, author, licence, url }) => (
          <li key={`${work} ${url}`}>
            {/^https?:/.test(url) ? <a href={url}>{work}</a> : work} by {author}, {licence}
          </li>
        ))}
      </ul>
    </details>
  );
}

const valueText = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
