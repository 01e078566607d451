import { mount } from './mount.tsx';

mount(<h1>Neurodex</h1>);
