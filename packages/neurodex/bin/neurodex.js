#!/usr/bin/env node
import module from 'node:module';

// Node 22 keeps what it has compiled (NODE_COMPILE_CACHE says where); Node 20 compiles each time.
module.enableCompileCache?.();
await import('../dist/bundle/cli-main.js');
