import { appCalls } from './calls/app-calls.ts'
import { copyCalls } from './calls/copy-calls.ts'
import { engineCalls } from './calls/engine-calls.ts'
import { folderCalls } from './calls/folder-calls.ts'
import { historyCalls, watchCalls } from './calls/history-calls.ts'
import { imageCalls } from './calls/image-calls.ts'
import { importCalls } from './calls/import-calls.ts'
import { logCalls } from './calls/log-calls.ts'
import { networkCalls } from './calls/network-calls.ts'
import { primaryCalls } from './calls/primary-calls.ts'
import { reportCalls } from './calls/report-calls.ts'
import { timelineCalls } from './calls/timeline-calls.ts'
import { terminalCalls } from './calls/terminal-calls.ts'
import { versionCalls } from './calls/version-calls.ts'

/** Calls that a person's action causes, on whichever node. `node-router.ts` offers them for every node. */
export const actionCalls = {
  ...appCalls,
  ...copyCalls,
  ...engineCalls,
  ...folderCalls,
  ...historyCalls,
  ...importCalls,
  ...networkCalls,
  ...timelineCalls,
  ...versionCalls,
}

/** Every call between nodes. */
export const calls = { ...actionCalls, ...primaryCalls, ...reportCalls, ...imageCalls, ...logCalls, ...terminalCalls, ...watchCalls }
