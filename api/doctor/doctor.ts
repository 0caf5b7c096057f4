import type { Clock } from '../clock.ts'
import { checkDocker, type DockerAnswers } from './docker-check.ts'
import type { Finding } from './finding.ts'
import { checkFolder, checkSecretFiles } from './folders.ts'
import { checkNodes, checkPrimary, type Neighbour } from './neighbours.ts'

/** Looking takes seconds and calls every node, so all who ask within this time get the same answer. */
const freshMs = 5_000

export type Doctor = ReturnType<typeof createDoctor>

/** Looks at everything that this node needs, and says what to do. Changes nothing. */
export function createDoctor(deps: {
  dataDir: string
  appsDir: string
  docker: DockerAnswers
  /** On a secondary: where its primary is. */
  primaryUrl: () => string | null
  /** On a primary: the other nodes. Throws in words for people. */
  nodes: () => Neighbour[]
  /** Told apart from what is the same for a running server and for one that does not run. */
  more: () => Promise<Finding[]>
  clock: Clock
}) {
  const { dataDir, appsDir, clock } = deps
  let latest: { at: Date; found: Promise<Finding[]> } | null = null

  async function look(): Promise<Finding[]> {
    const primaryUrl = deps.primaryUrl()
    const found = await Promise.all([
      deps.more(),
      checkFolder('Data folder', dataDir, 'DATABASE_PATH'),
      checkFolder('Apps', appsDir, 'APPS_DIR'),
      checkSecretFiles(dataDir),
      checkDocker(deps.docker),
      primaryUrl === null ? [] : checkPrimary(primaryUrl),
      checkNodes(deps.nodes(), clock.now()),
    ])
    return found.flat()
  }

  return {
    look(): Promise<Finding[]> {
      const now = clock.now()
      if (!latest || now.getTime() - latest.at.getTime() > freshMs) latest = { at: now, found: look() }
      return latest.found
    },
  }
}
