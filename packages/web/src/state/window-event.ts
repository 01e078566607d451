import { useEffect, useRef } from 'react';

/** The keyboard shortcut fires this event, and the picture picker opens its file dialog. */
export const OPEN_PICTURE = 'neurodex-open-picture';

declare global {
  interface WindowEventMap {
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
