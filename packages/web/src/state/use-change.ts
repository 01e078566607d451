import { useEffect, useRef } from 'react';

/** Calls `onChange` after each rendering with another value, but not after the first. */
export function useChange(value: unknown, onChange: () => void): void {
  const previous = useRef(value);
  useEffect(() => {
    if (previous.current === value) return;
    previous.current = value;
    onChange();
  });
}
