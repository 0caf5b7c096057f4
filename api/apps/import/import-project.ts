import { hostname } from 'node:os'
import type { EngineContainer } from '../../docker/engine.types.ts'
import { AppError, invalidInput } from '../../errors.ts'
import { checkAppName } from '../compose-file.ts'
import type { ImportAppInput } from './import-input.ts'

/** A Compose project with all of its containers. */
export interface RunningProject {
  name: string
  workingDirectory: string | null
  configFiles: string[]
  containers: EngineContainer[]
}

/** Docker's default name for a container's host is the start of the container's id. */
const isSelf = ({ id }: EngineContainer): boolean => /^[0-9a-f]{12}$/.test(hostname()) && id.startsWith(hostname())

/**
 * The project that is to become an app.
 *
 * @throws INVALID_INPUT for a name that no app can have; NOT_FOUND; CONFLICT when there are several, or it runs this program
 */
export function runningProject(all: EngineContainer[], { project: name, confirmFolder }: ImportAppInput): RunningProject {
  const wrong = checkAppName(name).map(({ message }) => ({ field: 'project', message: `${message}. An app cannot have this name` }))
  if (wrong.length > 0) throw invalidInput(wrong)
  const found = all.filter(({ project, isOneOff }) => project === name && !isOneOff)
  const folders = [...new Set(found.map(({ workingDir }) => workingDir))]
  if (found.length === 0) throw new AppError('NOT_FOUND', `No Compose project named ${name} runs on this node`)
  const folder = folders.length === 1 ? folders[0] : folders.find((each) => each === confirmFolder)
  if (folder === undefined) {
    const message = `is in several folders: ${folders.map((each) => each ?? 'one that is not known').join(', ')}. Name one as confirmFolder`
    throw new AppError('CONFLICT', `The Compose project ${name} ${message}`, { fields: [{ field: 'confirmFolder', message }] })
  }
  const containers = found.filter(({ workingDir }) => workingDir === folder)
  if (containers.some(isSelf)) throw new AppError('CONFLICT', `The Compose project ${name} runs Selfhostly itself, so it cannot be an app`)
  return { name, workingDirectory: folder, configFiles: [...new Set(containers.flatMap(({ configFiles }) => configFiles))], containers }
}
