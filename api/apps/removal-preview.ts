import { bounds, cut, cutOrNull } from '../bounds.ts'
import type { EngineImages, EngineProjects, ProjectContainer, ProjectParts } from '../docker/engine.types.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import { builtImages, type OwnImage } from './built-images.ts'
import { hasContent, isInPlace } from './folder-removal.ts'
import { entriesOf, type FolderEntry } from './folder-entries.ts'
import { enumerate, isUnnamed, unnamedVolumes, usersOfImage, usersOfNetwork, usersOfVolume } from './project-parts.ts'
import { ownFilesIn } from './own-files.ts'
import type { RemovalItem, RemovalPreview, RemovalRule } from './removal-item.ts'
import type { PlainFile } from './versions/version.ts'

/** What a removal would delete and keep right now, by the rules of `removal.ts`. */
export async function previewRemoval(
  { projects, images, files }: { projects: EngineProjects; images: Pick<EngineImages, 'list'>; files: AppFiles },
  app: Pick<AppRow, 'name' | 'composeContent' | 'environment' | 'wanted'>,
  /** The files beside the Compose file that this program wrote. */
  others: PlainFile[],
): Promise<RemovalPreview> {
  const directory = files.directoryOf(app.name)
  const [parts, built, sizes, inFolder] = await Promise.all([
    projects.parts(app.name),
    images.list(),
    projects.volumeBytes(),
    filesIn(directory, files.written(app), others, files.isElsewhere(app.name) ? 'its folder is outside APPS_DIR' : null),
  ])
  const own = parts.containers.filter((container) => files.isOf(app.name, container))
  const strangers = parts.containers.filter((container) => !own.includes(container))
  const lists = [
    own.map(containerItem),
    parts.networks.map((network) => networkItem(network.name, usersOfNetwork(network, strangers))),
    builtImages(app, built).map((image) => imageItem(image, usersOfImage(image.id, strangers))),
    volumesOf(parts, own, strangers, sizes),
    inFolder,
    foldersElsewhere(own, directory),
  ]
  const omitted = lists.reduce((sum, list) => sum + Math.max(0, list.length - bounds.removal.ofKind), 0)
  return { items: lists.flatMap((list) => list.slice(0, bounds.removal.ofKind)).map(withinBounds), omitted }
}

const withinBounds = (item: RemovalItem): RemovalItem => ({
  ...item,
  name: cut(item.name, bounds.removal.name),
  detail: cutOrNull(item.detail, bounds.removal.detail),
  obstacle: cutOrNull(item.obstacle, bounds.removal.obstacle),
})

const containerItem = ({ name, service }: ProjectContainer): RemovalItem => ({
  kind: 'container',
  name,
  detail: service && `service ${service}`,
  sizeBytes: null,
  goes: 'always',
  obstacle: null,
})

const networkItem = (name: string, users: string[]): RemovalItem => ({
  kind: 'network',
  name,
  detail: null,
  sizeBytes: null,
  goes: users.length > 0 ? 'never' : 'always',
  obstacle: users.length > 0 ? `it is in use by ${enumerate(users)}` : null,
})

const imageItem = ({ name, service, bytes }: OwnImage, users: string[]): RemovalItem => ({
  kind: 'image',
  name,
  detail: `built here${service === null ? '' : ` for service ${service}`}`,
  sizeBytes: bytes,
  goes: users.length > 0 ? 'never' : 'always',
  obstacle: users.length > 0 ? `it is in use by ${enumerate(users)}` : null,
})

function volumesOf({ volumes }: ProjectParts, own: ProjectContainer[], others: ProjectContainer[], sizes: Map<string, number>) {
  const made = [...volumes.map(({ name }) => name), ...unnamedVolumes(own)]
  const mounted = own.flatMap(({ mounts }) => mounts.flatMap(({ kind, source }) => (kind === 'volume' ? source : [])))
  const foreign = [...new Set(mounted)].filter((name) => !made.includes(name))
  const item = (name: string, goes: RemovalRule, obstacle: string | null): RemovalItem => {
    const detail = placeOf(name, own)
    return { kind: 'volume', name, detail, sizeBytes: sizes.get(name) ?? null, goes, obstacle }
  }
  return [
    ...made.map((name) => {
      const users = usersOfVolume(name, others)
      return item(name, 'with_volumes', users.length > 0 ? `it is in use by ${enumerate(users)}` : null)
    }),
    ...foreign.map((name) => item(name, 'never', 'the app uses it but did not create it')),
  ]
}

/** For example "unnamed, /data in service web". */
function placeOf(volume: string, containers: ProjectContainer[]): string | null {
  for (const { service, name, mounts } of containers) {
    const mount = mounts.find(({ kind, source }) => kind === 'volume' && source === volume)
    if (mount) return `${isUnnamed(volume) ? 'unnamed, ' : ''}${mount.target} in ${service ? `service ${service}` : `container ${name}`}`
  }
  return null
}

/** @param kept why nothing else in the folder is ever deleted */
async function filesIn(
  directory: string,
  written: Map<string, string | null>,
  others: PlainFile[],
  kept: string | null,
): Promise<RemovalItem[]> {
  const entries = await entriesOf(directory)
  const why = kept ?? ((await isInPlace(directory).catch(() => true)) ? null : "the app's folder is a link to another folder")
  const own = await ownFilesIn(directory, others)
  const items = own.files.filter(({ path }) => path.includes('/')).map(ownItem)
  for (const entry of entries.filter(({ name }) => !own.folders.has(name))) {
    const isWritten = own.files.some(({ path }) => path === entry.name) || (await hasWritten(directory, entry, written))
    const isEdited = !isWritten && (written.has(entry.name) || others.some(({ path }) => path === entry.name))
    const goes = isWritten ? 'always' : why === null ? 'with_files' : 'never'
    items.push({
      kind: entry.isFolder ? 'folder' : 'file',
      name: entry.name,
      detail: isEdited ? 'edited on disk' : null,
      sizeBytes: entry.bytes === null ? null : entry.bytes - bytesBelow(entry.name, own.files),
      goes,
      obstacle: goes === 'never' ? why : entry.obstacle,
    })
  }
  return items
}

const ownItem = ({ path, content }: PlainFile): RemovalItem => ({
  ...{ kind: 'file', name: path, detail: null, sizeBytes: Buffer.byteLength(content), goes: 'always', obstacle: null },
})

/** What of a folder's size is listed by itself. */
const bytesBelow = (folder: string, files: PlainFile[]): number =>
  files.filter(({ path }) => path.startsWith(`${folder}/`)).reduce((sum, { content }) => sum + Buffer.byteLength(content), 0)

const hasWritten = async (directory: string, { name }: FolderEntry, written: Map<string, string | null>): Promise<boolean> => {
  const content = written.get(name)
  return content === null || (content !== undefined && (await hasContent(`${directory}/${name}`, content)))
}

/** Paths on the node that services mount from outside the app's folder. */
function foldersElsewhere(own: ProjectContainer[], directory: string): RemovalItem[] {
  const paths = own.flatMap(({ mounts }) => mounts.flatMap(({ kind, source }) => (kind === 'bind' ? source : [])))
  return [...new Set(paths)]
    .filter((path) => path !== directory && !path.startsWith(`${directory}/`))
    .map((name) => ({ kind: 'folder', name, detail: null, sizeBytes: null, goes: 'never', obstacle: "it is outside the app's folder" }))
}
