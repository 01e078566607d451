import { driverContract } from './driver.contract.ts';
import { local } from './local.ts';

driverContract({ name: 'local', driver: local });
