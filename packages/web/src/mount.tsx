import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './styles/index.css';

/** Shows a page in the document's element `root`. */
export function mount(page: ReactNode): void {
  const root = document.getElementById('root');
  if (root === null) throw new Error('the document has no element with the id root');
  createRoot(root).render(<StrictMode>{page}</StrictMode>);
}
