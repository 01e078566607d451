import type { RefObject } from 'react';
import { PAGES } from '../state/route.ts';
import { SHORTCUTS } from '../state/shortcuts.ts';

/** The dialog that lists the shortcuts and switches them off. */
export function ShortcutsHelp({
  dialog,
  on,
  onSwitch,
  pages,
}: {
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly on: boolean;
  readonly onSwitch: (on: boolean) => void;
  /** Whether to list the shortcuts to pages and to the search box: an exported site has one page, which takes no words. */
  readonly pages: boolean;
}) {
  const listed = SHORTCUTS.filter(({ name }) => pages || !(name === 'words' || PAGES.some((page) => page === name)));
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title">
      <h2 id="help-title">Keyboard shortcuts</h2>
      <table className="plain">
        <tbody>
          {listed.map(({ name, key, action }) => (
            <tr key={name}>
              <th scope="row">
                <kbd>{key}</kbd>
              </th>
              <td>{action}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <kbd>Ctrl</kbd> <kbd>V</kbd>
            </th>
            <td>search with the picture on the clipboard</td>
          </tr>
          <tr>
            <th scope="row">
              <kbd>←</kbd> <kbd>→</kbd>
            </th>
            <td>move between the tokens of an identifier</td>
          </tr>
        </tbody>
      </table>
      <label className="check">
        <input type="checkbox" checked={on} onChange={({ currentTarget }) => onSwitch(currentTarget.checked)} />
        Use single-key shortcuts
      </label>
      <form method="dialog">
        <button type="submit" className="button primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
