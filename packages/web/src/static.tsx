import { openBrowserEngine } from './browser/open.ts';
import { mount } from './mount.tsx';
import { StaticPage } from './pages/static-page.tsx';

mount(<StaticPage engine={openBrowserEngine()} />);
