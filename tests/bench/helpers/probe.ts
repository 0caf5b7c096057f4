import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { answer } from './worker.ts'

// Preloaded into a server process (`--import`): reports what cannot be seen from outside.

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const handlers = {
  /** Heap in use after a full garbage collection, in MB (10^6 bytes). */
  heapMb(_: null): number {
    collectGarbage()
    return process.memoryUsage().heapUsed / 1e6
  },
}

answer(handlers)

export type ProbeApi = typeof handlers
