import type { BuiltImage, EngineImages, ProjectContainer } from '../docker/engine.types.ts'
import type { AppRow } from './app.entity.ts'
import { each } from './each.ts'
import type { OperationRun } from './operation-run.ts'
import { enumerate, usersOfImage } from './project-parts.ts'

type Builder = Pick<AppRow, 'name' | 'wanted'>

/** An image that an app's `build:` made, under one of its names. */
export interface OwnImage {
  /** A name with tag; the id of an earlier build, which has no name any more. */
  name: string
  id: string
  service: string | null
  bytes: number
}

/**
 * What an app's builds left on the Engine. Compose 2 labels the images that it builds, Compose 1 only names them, so both count. An image that
 * came from a registry is not the app's, even if a build elsewhere labeled it with the same project.
 */
export function builtImages({ name, wanted }: Builder, images: BuiltImage[]): OwnImage[] {
  const built = (wanted ?? []).filter(({ image, isBuilt }) => isBuilt || image === null)
  const own = new Map(built.flatMap((each) => namesOf(name, each).map((tag) => [tag, each.name])))
  return images.flatMap(({ id, tags, digests, project, service, bytes }) => {
    const isLabeled = project === name
    if (tags.length === 0) return isLabeled && digests.length === 0 ? { name: id, id, service, bytes } : []
    return tags.flatMap((tag) => {
      const builder = own.get(tag) ?? null
      const isDefault = isLabeled && service !== null && defaultNames(name, service).includes(tag)
      const isOwn = isDefault || (builder !== null && (isLabeled || digests.length === 0))
      return isOwn ? { name: tag, id, service: builder ?? service, bytes } : []
    })
  })
}

const namesOf = (project: string, { name, image }: { name: string; image: string | null }): string[] =>
  image === null ? defaultNames(project, name) : [/:[^/]*$/.test(image) ? image : `${image}:latest`]

/** Compose 2 joins with a hyphen, Compose 1 with an underscore. */
const defaultNames = (project: string, service: string): string[] => ['-', '_'].map((joint) => `${project}${joint}${service}:latest`)

/**
 * Takes the names that an app's builds gave; an image goes with its last name.
 *
 * @param containers those that are left
 * @returns messages about the kept ones
 */
export async function removeBuiltImages(
  images: Pick<EngineImages, 'list' | 'untag'>,
  app: Builder,
  containers: ProjectContainer[],
  run: OperationRun,
): Promise<string[]> {
  const stays: string[] = []
  const free = builtImages(app, await images.list()).filter(({ id, name }) => {
    const users = usersOfImage(id, containers)
    if (users.length > 0) stays.push(`image ${name} was kept because it is in use by ${enumerate(users)}`)
    return users.length === 0
  })
  const remove = async ({ name }: OwnImage): Promise<void> => {
    await images.untag(name)
    run.line(`Image ${name} removed`)
  }
  // They can be built again, so one that Docker keeps does not keep the app.
  return [...stays, ...(await each(free, 1, run, remove, ({ name }) => `image ${name} was kept`))]
}
