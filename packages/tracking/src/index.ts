export { fanOut } from './fan-out.ts';
export { MemoryTracker } from './memory.ts';
export { eventsOf, type LoggedStep, type RunHistory, readRunLog } from './read-run-log.ts';
export { RUN_IDENTITY } from './run-identity.ts';
export { RUN_LOG, RunLog } from './run-log.ts';
export { trackedReporter } from './tracked-reporter.ts';
export { DONE, type ExamplePicture, type Task, type TrackedEvent, type Tracker } from './tracker.ts';
export { openTrackers, TRACKER_NAMES, TRACKERS, type TrackerName, type TrackingRequest } from './trackers.ts';
