import { browserIndexer } from './indexing/browser-indexer.ts';
import { mount } from './mount.tsx';
import { IndexingPage } from './pages/indexing-page.tsx';

mount(<IndexingPage indexer={browserIndexer()} />);
