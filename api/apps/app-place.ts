import { dirname, join } from 'node:path'
import type { EngineContainer } from '../docker/engine.types.ts'
import { isInside } from './compose/policy/host-paths.ts'

/** The Compose file's name, unless the app was imported with another. */
export const composeFile = 'compose.yaml'

/** Where an imported app is. Others are in `APPS_DIR/<name>/compose.yaml`. */
export interface AppPlace {
  /** Null: `APPS_DIR/<name>`. */
  directory: string | null
  /** Name of the Compose file in the folder. */
  file: string
  /** The folder that its containers were made in before it was imported, if another; empty if they do not say. */
  madeIn: string | null
}

type Labels = Pick<EngineContainer, 'project' | 'workingDir'>

export type AppPlaces = ReturnType<typeof createAppPlaces>

/** The only place that knows where an app's folder is, and which containers are the app's. Expects checked names, which hold no path. */
export function createAppPlaces({ appsDir }: { appsDir: string }) {
  const places = new Map<string, AppPlace>()
  const directoryOf = (name: string): string => places.get(name)?.directory ?? join(appsDir, name)

  /** A project of another program, or of another node on the same Engine, is not this app even if it shares its name. */
  function isOf(name: string, { project, workingDir }: Labels): boolean {
    if (project !== name) return false
    const madeIn = places.get(name)?.madeIn ?? null
    return workingDir === directoryOf(name) || (madeIn !== null && (workingDir ?? '') === madeIn)
  }

  return {
    appsDir,
    directoryOf,
    fileOf: (name: string): string => places.get(name)?.file ?? composeFile,
    isOf,

    /** Containers of apps, and of those that are about to become one. */
    isFollowed: ({ project, workingDir }: Labels): boolean =>
      (workingDir !== null && dirname(workingDir) === appsDir) || (project !== null && isOf(project, { project, workingDir })),

    /** Nothing in a folder outside APPS_DIR is deleted, and its files keep their owner and mode. */
    isElsewhere: (name: string): boolean => !isInside(appsDir, directoryOf(name)),

    /** Whether an app of another name is in the folder that an app of this name would have. */
    isTaken: (name: string): boolean => [...places].some(([other, { directory }]) => other !== name && directory === join(appsDir, name)),

    place(name: string, place: AppPlace | null | undefined): void {
      if (place) places.set(name, place)
      else places.delete(name)
    },
  }
}
