import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { OPEN_EVENT } from '../components/open-picture.tsx';
import { ShortcutsHelp } from '../components/shortcuts-help.tsx';
import { AnnounceContext } from '../state/context.ts';
import { firstView, go, hrefOf, type PageName } from '../state/route.ts';
import { useShortcuts } from '../state/shortcuts.ts';
import { THEMES, type Theme, useTheme } from '../state/theme.ts';

const PAGES: Readonly<Record<PageName, string>> = {
  search: 'Search',
  catalogue: 'Catalogue',
  measures: 'Measures',
  compare: 'Compare',
};

export interface Navigation {
  /** Undefined: an address that is no page. */
  readonly page: PageName | undefined;
  readonly index: string | null;
  /** Beside the pages: which index they show. */
  readonly chooser: ReactNode;
}

/** What stands around every page. Without a navigation it is the only one. */
export function Shell({
  title,
  navigation,
  children,
}: {
  /** Of the document, before the name of the program. */
  readonly title: string;
  readonly navigation?: Navigation;
  readonly children: ReactNode;
}) {
  const main = useRef<HTMLElement>(null);
  const help = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState('');
  const announce = useCallback((text: string) => setSaid(text), []);
  const page = navigation?.page;
  const index = navigation?.index ?? null;
  const visit = (to: PageName) => (): void => go(firstView(to, index));
  const open = (): void => {
    dispatchEvent(new Event(OPEN_EVENT));
  };
  const [shortcuts, setShortcuts] = useShortcuts({
    help: () => help.current?.showModal(),
    ...(navigation === undefined || page === 'search' ? { open } : {}),
    ...(navigation === undefined
      ? {}
      : {
          search: visit('search'),
          catalogue: visit('catalogue'),
          measures: visit('measures'),
          compare: visit('compare'),
        }),
  });
  useEffect(() => {
    document.title = title === '' ? 'Neurodex' : `${title} · Neurodex`;
  }, [title]);
  useFocusOfNewPage(main, page);
  return (
    <AnnounceContext value={announce}>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header className="top">
        <a className="brand" href={navigation === undefined ? './' : hrefOf(firstView('search', index))}>
          Neurodex
        </a>
        {navigation === undefined ? null : (
          <nav aria-label="Pages">
            <ul>
              {(Object.keys(PAGES) as PageName[]).map((name) => (
                <li key={name}>
                  <a href={hrefOf(firstView(name, index))} aria-current={name === page ? 'page' : undefined}>
                    {PAGES[name]}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        )}
        <div className="tools">
          {navigation?.chooser}
          <ThemeChooser />
          <button
            type="button"
            className="button quiet"
            aria-label="Keyboard shortcuts"
            onClick={() => help.current?.showModal()}
          >
            ?
          </button>
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">
        <p className="note">
          Neurodex: image search whose index is a neural network. Press <kbd>?</kbd> for the keyboard’s shortcuts.
        </p>
      </footer>
      <div className="hidden" role="status">
        {said}
      </div>
      <ShortcutsHelp dialog={help} on={shortcuts} onSwitch={setShortcuts} pages={navigation !== undefined} />
    </AnnounceContext>
  );
}

function ThemeChooser() {
  const [theme, setTheme] = useTheme();
  return (
    <label className="field">
      <span className="hidden">Theme</span>
      <select value={theme} onChange={({ currentTarget }) => setTheme(currentTarget.value as Theme)}>
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {name === 'system' ? 'Auto' : name === 'light' ? 'Light' : 'Dark'}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Whoever goes to another page with the keyboard or a screen reader begins at its content. */
function useFocusOfNewPage(main: React.RefObject<HTMLElement | null>, page: PageName | undefined): void {
  const before = useRef(page);
  useEffect(() => {
    if (before.current === page) return;
    before.current = page;
    main.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }, [main, page]);
}
