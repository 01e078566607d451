import { useState } from 'react';
import { remember, remembered } from './theme.ts';
import { useWindowEvent } from './window-event.ts';

/** Every shortcut, as the help lists it and the page listens for it. */
export const SHORTCUTS = [
  { name: 'words', key: '/', action: 'type into the search box' },
  { name: 'open', key: 'o', action: 'choose a picture from this device' },
  { name: 'search', key: 's', action: 'go to the search' },
  { name: 'catalogue', key: 'c', action: 'go to the catalogue' },
  { name: 'measures', key: 'm', action: 'go to the measures' },
  { name: 'compare', key: 'x', action: 'go to the comparison of indexes' },
  { name: 'help', key: '?', action: 'show this list' },
] as const;
export type ShortcutName = (typeof SHORTCUTS)[number]['name'];
export type ShortcutActions = Partial<Readonly<Record<ShortcutName, () => void>>>;

const KEY = 'neurodex.shortcuts';

/**
 * Listens for the shortcuts. The visitor can switch them off, because single keys may conflict with speech input or with
 * other programs.
 * @returns whether they are on, and the switch
 */
export function useShortcuts(actions: ShortcutActions): readonly [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => remembered(KEY) !== 'off');
  useWindowEvent('keydown', (event) => {
    if (!on || event.defaultPrevented || isForBrowser(event) || isInField(event.target)) return;
    const shortcut = SHORTCUTS.find(({ key }) => key === event.key);
    const act = shortcut === undefined ? undefined : actions[shortcut.name];
    if (act === undefined || document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    act();
  });
  const set = (value: boolean): void => {
    setOn(value);
    remember(KEY, value ? 'on' : 'off');
  };
  return [on, set];
}

const isForBrowser = ({ ctrlKey, altKey, metaKey }: KeyboardEvent): boolean => ctrlKey || altKey || metaKey;

const isInField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
