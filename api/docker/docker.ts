import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { createComposeCli } from './compose-cli.ts'
import { createEngine } from './engine.ts'
import { createEngineProjects } from './engine-projects.ts'

export type Docker = ReturnType<typeof createDocker>

/** Docker on this machine: the Engine for what is observed, Compose for what changes a project, and projects without a Compose file. */
export const createDocker = ({ clock, log }: { clock: Clock; log: Log }) => ({
  engine: createEngine({ log, clock }),
  compose: createComposeCli({ log }),
  projects: createEngineProjects({ clock }),
})
