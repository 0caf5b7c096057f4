import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { createComposeCli } from './compose-cli.ts'
import { createEngine } from './engine.ts'
import { createEngineImages } from './engine-images.ts'
import { createEngineLogs } from './engine-logs.ts'
import { createEngineProjects } from './engine-projects.ts'
import { endLeftovers } from './leftovers.ts'
import { createEngineThings } from './engine-things.ts'
import { createEngineTerminals } from './engine-terminals.ts'
import { createEngineVolumes } from './engine-volumes.ts'

export type Docker = ReturnType<typeof createDocker>

/** Docker on this machine: the Engine for what is observed, Compose for what changes a project, and projects without a Compose file. */
export const createDocker = ({ nodeId, clock, log }: { nodeId: string; clock: Clock; log: Log }) => ({
  engine: createEngine({ log, clock }),
  compose: createComposeCli({ log, mark: nodeId }),
  projects: createEngineProjects({ clock }),
  /** Ends what an earlier run of this node left running when it was killed. */
  endLeftovers: () => endLeftovers({ mark: nodeId, clock, log }),
  images: createEngineImages({ clock }),
  logs: createEngineLogs({ clock }),
  terminals: createEngineTerminals({ clock }),
  volumes: createEngineVolumes({ clock }),
  things: createEngineThings({ clock, log }),
})
