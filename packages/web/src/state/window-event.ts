import { useEffect, useRef } from 'react';

/** The keyboard shortcut fires this event, and the picture picker opens its file dialog. */
export const OPEN_PICTURE = 'neurodex-open-picture';

/** The keyboard shortcut fires this event, and the search box takes the focus. */
export const FOCUS_WORDS = 'neurodex-focus-words';

declare global {
  interface WindowEventMap {
    [FOCUS_WORDS]: Event;
    [OPEN_PICTURE]: Event;
  }
}

/** Listens on the window with the handler of the latest rendering. */
export function useWindowEvent<Type extends keyof WindowEventMap>(
  type: Type,
  handler: (event: WindowEventMap[Type]) => void,
): void {
  const latest = useRef(handler);
  latest.current = handler;
  useEffect(() => {
    const listener = (event: WindowEventMap[Type]): void => latest.current(event);
    addEventListener(type, listener);
    return () => removeEventListener(type, listener);
  }, [type]);
}
