import { join, relative } from 'node:path'

type Fields = Record<string, unknown>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The services whose images are built from one of these files of the app's folder.
 *
 * @param model as printed by Compose 1.29 or 2
 * @param paths relative to `directory`
 */
export function builtServices(model: unknown, directory: string, paths: string[]): string[] {
  const services = isFields(model) && isFields(model['services']) ? model['services'] : {}
  return Object.entries(services).flatMap(([name, service]) => {
    const places = isFields(service) ? placesOf(service['build'], directory) : []
    return paths.some((path) => places.some((place) => isBelow(place, join(directory, path)))) ? name : []
  })
}

/** The folders and files that a build reads. Compose 1.29 leaves a short `build: ./web` as it is. */
function placesOf(build: unknown, directory: string): string[] {
  const { context, dockerfile, additional_contexts: more } = isFields(build) ? build : { context: build }
  if (typeof context !== 'string') return []
  const root = inFolder(directory, context)
  const named = isFields(more) ? Object.values(more).flatMap((each) => (typeof each === 'string' ? inFolder(directory, each) : [])) : []
  return [root, ...(typeof dockerfile === 'string' ? [inFolder(root, dockerfile)] : []), ...named]
}

const inFolder = (directory: string, path: string): string => (path.startsWith('/') ? path : join(directory, path))

function isBelow(place: string, path: string): boolean {
  const way = relative(place, path)
  return way !== '..' && !way.startsWith('../')
}
