import { bounds, cut, cutOrNull, firstOf, jsonBytes } from '../../bounds.ts'
import type { EngineContainer } from '../../docker/engine.types.ts'
import type { Container } from '../app.ts'

/** A Compose project that runs on this machine and is not an app of this node. */
export interface FoundProject {
  name: string
  services: string[]
  /** The folder that Compose was run in, as the labels of its containers say. */
  workingDirectory: string | null
  /** Paths of its Compose files. Old versions of Compose recorded them as they were typed. */
  configFiles: string[]
  containers: Container[]
}

const most = bounds.foundProjects

/**
 * The Compose projects that these containers belong to, by name. Two projects with the same name in different folders are two.
 *
 * @param isOwn tells the containers of this node's apps
 */
export function foundProjects(containers: EngineContainer[], isOwn: (container: EngineContainer) => boolean): FoundProject[] {
  const groups = new Map<string, EngineContainer[]>()
  for (const container of containers) {
    if (container.project === null || container.isOneOff || isOwn(container)) continue
    const key = JSON.stringify([container.project, container.workingDir])
    groups.set(key, [...(groups.get(key) ?? []), container])
  }
  const all = [...groups.values()].map(toProject).sort((a, b) => compare(a.name, b.name))
  return firstThatFit(firstOf(all, most.projects).kept)
}

function toProject(containers: EngineContainer[]): FoundProject {
  const [first] = containers
  const services = [...new Set(containers.map(({ service }) => service))].sort(compare)
  return {
    name: cut(first?.project ?? '', most.name),
    services: firstOf(services, most.services).kept,
    workingDirectory: cutOrNull(first?.workingDir ?? null, most.path),
    configFiles: firstOf([...new Set(containers.flatMap(({ configFiles }) => configFiles))], most.files).kept,
    containers: firstOf(containers, most.containers).kept.map(shown),
  }
}

function shown({ project: _project, workingDir: _dir, configFiles: _files, isOneOff: _oneOff, ...container }: EngineContainer): Container {
  return { ...container, isSteady: null }
}

/** All of them are one answer between nodes. */
function firstThatFit(projects: FoundProject[]): FoundProject[] {
  let left: number = most.bytes
  const end = projects.findIndex((project) => (left -= jsonBytes(project)) < 0)
  return end < 0 ? projects : projects.slice(0, end)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
