import type { BuildNotices as Notices } from '../indexer.ts';
import { count } from '../state/format.ts';
import { noticesTitle, skippedReasons } from '../state/notices.ts';
import { sentence } from './notice.tsx';

/** What a build warned of, and the files that it skipped, by reason. */
export function BuildNotices({ notices, open = false }: { readonly notices: Notices; readonly open?: boolean }) {
  const title = noticesTitle(notices);
  if (title === '') return null;
  return (
    <details className="behind" open={open}>
      <summary>{title}</summary>
      <ul>
        {[...new Set(notices.warnings)].map((warning) => (
          <li key={warning}>{sentence(warning)}</li>
        ))}
        {skippedReasons(notices).map(({ count: files, reason, names, advice }) => (
          <li key={reason}>
            {count(files)} × {reason}: {names}
            {advice === undefined ? null : <p className="note">{sentence(advice)}</p>}
          </li>
        ))}
      </ul>
    </details>
  );
}
