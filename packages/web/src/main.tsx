import { mount } from './mount.tsx';
import { App } from './pages/app.tsx';

mount(<App />);
