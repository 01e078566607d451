import { useEffect, useState } from 'react';
import { remember, remembered } from './theme.ts';

/** Every shortcut: what the help lists and what listens. Keys held with Control, Alt or Meta are the browser's. */
export const SHORTCUTS = {
  open: { key: 'o', does: 'choose a picture from this machine' },
  search: { key: 's', does: 'go to the search' },
  catalogue: { key: 'c', does: 'go to the catalogue' },
  measures: { key: 'm', does: 'go to the measures' },
  compare: { key: 'x', does: 'go to the comparison of indexes' },
  help: { key: '?', does: 'show this list' },
} as const;
export type ShortcutName = keyof typeof SHORTCUTS;

const KEY = 'neurodex.shortcuts';

/** Single keys can be in the way of speech input and of other programs, so that they can be switched off. */
export function useShortcuts(
  actions: Partial<Readonly<Record<ShortcutName, () => void>>>,
): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => remembered(KEY) !== 'off');
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || writing(event.target)) return;
      const name = (Object.keys(SHORTCUTS) as ShortcutName[]).find((one) => SHORTCUTS[one].key === event.key);
      const act = name === undefined ? undefined : actions[name];
      if (act === undefined || document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  });
  const set = (value: boolean): void => {
    setOn(value);
    remember(KEY, value ? 'on' : 'off');
  };
  return [on, set];
}

const writing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
