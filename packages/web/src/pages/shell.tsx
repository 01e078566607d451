import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ShortcutsHelp } from '../components/shortcuts-help.tsx';
import { ThemeChooser } from '../components/theme-chooser.tsx';
import { AnnounceContext } from '../state/context.ts';
import { go } from '../state/navigation.ts';
import { firstView, hrefOf, PAGE_TITLES, PAGES, type PageName } from '../state/route.ts';
import { type ShortcutActions, useShortcuts } from '../state/shortcuts.ts';
import { useChange } from '../state/use-change.ts';
import { FOCUS_WORDS, OPEN_PICTURE } from '../state/window-event.ts';

export interface Navigation {
  /** Undefined: the address belongs to no page. */
  readonly page: PageName | undefined;
  /** Null: the server's default. */
  readonly index: string | null;
  /** Chooses the index, beside the links to the pages. */
  readonly chooser: ReactNode;
}

/** The header and footer around every page. An exported site has one page and no navigation. */
export function Shell({
  title,
  navigation,
  view,
  children,
}: {
  /** Of the document, before the program's name. */
  readonly title: string;
  readonly navigation?: Navigation;
  /** Of a page without navigation: another value is other content. */
  readonly view?: number;
  readonly children: ReactNode;
}) {
  const main = useRef<HTMLElement>(null);
  const help = useRef<HTMLDialogElement>(null);
  const [announcement, setAnnouncement] = useState('');
  const showHelp = (): void => help.current?.showModal();
  const [shortcuts, setShortcuts] = useShortcuts(shortcutActions(navigation, showHelp));
  useEffect(() => {
    document.title = title === '' ? 'Neurodex' : `${title} · Neurodex`;
  }, [title]);
  useChange(navigation?.page ?? view, () => {
    // Keyboards and screen readers start at the content of the new page.
    main.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  });
  return (
    <AnnounceContext value={setAnnouncement}>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header navigation={navigation} onHelp={showHelp} />
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">
        <p className="note">
          Neurodex: image search whose index is a neural network. Press <kbd>?</kbd> for keyboard shortcuts.
        </p>
      </footer>
      <div className="hidden" role="status">
        {announcement}
      </div>
      <ShortcutsHelp dialog={help} on={shortcuts} onSwitch={setShortcuts} pages={navigation !== undefined} />
    </AnnounceContext>
  );
}

function Header({ navigation, onHelp }: { readonly navigation: Navigation | undefined; readonly onHelp: () => void }) {
  return (
    <header className="top">
      <a className="brand" href={navigation === undefined ? './' : hrefOf(firstView('search', navigation.index))}>
        Neurodex
      </a>
      {navigation === undefined ? null : <PageLinks {...navigation} />}
      <div className="tools">
        {navigation?.chooser}
        <ThemeChooser />
        <button type="button" className="button quiet" aria-label="Keyboard shortcuts" onClick={onHelp}>
          ?
        </button>
      </div>
    </header>
  );
}

function PageLinks({ page, index }: Navigation) {
  return (
    <nav aria-label="Pages">
      <ul>
        {PAGES.map((name) => (
          <li key={name}>
            <a href={hrefOf(firstView(name, index))} aria-current={name === page ? 'page' : undefined}>
              {PAGE_TITLES[name]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function shortcutActions(navigation: Navigation | undefined, help: () => void): ShortcutActions {
  const fire = (event: string) => (): void => {
    dispatchEvent(new Event(event));
  };
  const open = fire(OPEN_PICTURE);
  if (navigation === undefined) return { help, open };
  const { page, index } = navigation;
  const visit = (name: PageName) => (): void => go(firstView(name, index));
  return {
    help,
    search: visit('search'),
    catalogue: visit('catalogue'),
    measures: visit('measures'),
    compare: visit('compare'),
    ...(page === 'search' ? { open, words: fire(FOCUS_WORDS) } : {}),
  };
}
