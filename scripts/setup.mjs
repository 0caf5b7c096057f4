// What `npm start`, `npm test` and `npm run dev` need before they can run: packages, Node 24, the built server and dashboard.
// Does only what is missing, which needs the network. Runs on the machine's own Node (20 or newer).
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endAllOnSignals } from './processes.mjs'
import { dashboardReady, documentsReady, makeDashboard, makeDocuments, makeServer, serverReady } from './setup/outputs.mjs'
import { withLock } from './setup/lock.mjs'
import { checkNode, installPackages, nodeReady, packagesReady } from './setup/packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** For what runs the server's sources and needs no dashboard. */
const sourcesOnly = process.argv.includes('--sources-only')

const steps = [
  { ready: packagesReady, make: installPackages },
  { ready: nodeReady, make: checkNode },
  { ready: documentsReady, make: makeDocuments },
  ...(sourcesOnly
    ? []
    : [
        { ready: serverReady, make: makeServer },
        { ready: dashboardReady, make: makeDashboard },
      ]),
]

endAllOnSignals()
try {
  if (!steps.every((step) => step.ready(root))) {
    await withLock(join(root, '.cache', 'setup.lock'), async () => {
      for (const step of steps) if (!step.ready(root)) await step.make(root)
    })
  }
} catch (error) {
  console.error(error.expected ? `setup: ${error.message}` : error)
  process.exitCode = 1
}
