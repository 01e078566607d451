import type { RefObject } from 'react';
import { SHORTCUTS, type ShortcutName } from '../state/shortcuts.ts';

/** Shortcuts of pages that there are only with a server. */
const OF_PAGES: readonly ShortcutName[] = ['search', 'catalogue', 'measures', 'compare'];

export function ShortcutsHelp({
  dialog,
  on,
  onSwitch,
  pages,
}: {
  readonly dialog: RefObject<HTMLDialogElement | null>;
  readonly on: boolean;
  readonly onSwitch: (on: boolean) => void;
  readonly pages: boolean;
}) {
  const shown = (Object.keys(SHORTCUTS) as ShortcutName[]).filter((name) => pages || !OF_PAGES.includes(name));
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title">
      <h2 id="help-title">Keyboard</h2>
      <table className="plain">
        <tbody>
          {shown.map((name) => (
            <tr key={name}>
              <th scope="row">
                <kbd>{SHORTCUTS[name].key}</kbd>
              </th>
              <td>{SHORTCUTS[name].does}</td>
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
            <td>from token to token, on the tokens of an identifier</td>
          </tr>
        </tbody>
      </table>
      <label className="check">
        <input type="checkbox" checked={on} onChange={({ currentTarget }) => onSwitch(currentTarget.checked)} />
        Single keys are shortcuts
      </label>
      <form method="dialog">
        <button type="submit" className="button primary">
          Close
        </button>
      </form>
    </dialog>
  );
}
