import { computed, ref, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { AppDetail } from '../../graphql/items.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { filesOnDiskQuery } from '../../graphql/documents/apps.ts'
import { filesToDecide } from '../../utils/apps/files-to-decide.ts'
import type { FileToDecide } from '../../utils/apps/files-to-decide.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Whether further files differ, which are decided about together with the Compose file. */
export const hasFurtherChanges = ({ changedFiles, files }: AppDetail): boolean => files.some(({ path }) => changedFiles.includes(path))

/**
 * Compares an app's files on disk with what the app has, and saves what people choose of each. Reads them when opened.
 * @param save resolves to the server's refusal, if any
 */
export function useFilesOnDisk(
  app: MaybeRefOrGetter<AppDetail | undefined>,
  save: (input: UpdateAppInput) => Promise<Problem | undefined>,
) {
  const { client } = useServerConnection()
  const open = ref(false)
  const loaded = shallowRef<{ version: number; files: FileToDecide[] }>()
  const problem = shallowRef<Problem>()
  /** Paths of files that are taken from the disk. The others are written again. */
  const taken = ref(new Set<string>())

  async function load(): Promise<void> {
    const now = toValue(app)
    if (!now) return
    const variables = { id: now.id, nodeId: now.node.id, name: now.name }
    const { data, error } = await client.query(filesOnDiskQuery, variables, { requestPolicy: 'network-only' }).toPromise()
    problem.value = error ? toProblem(error) : data?.app && data.appChangedFiles ? undefined : emptyAnswer
    if (error || !data?.app || !data.appChangedFiles) return
    const files = filesToDecide(data.app, data.composeOnDisk ?? null, data.appChangedFiles)
    loaded.value = { version: data.app.version, files }
    taken.value = new Set(files.flatMap(({ path, canBeTaken, isMissing }) => (canBeTaken && !isMissing ? path : [])))
  }

  watch(open, (isOpen) => {
    if (!isOpen) return
    loaded.value = problem.value = undefined
    void load()
  })

  function choose(path: string, isTaken: boolean): void {
    const others = [...taken.value].filter((each) => each !== path)
    taken.value = new Set(isTaken ? [...others, path] : others)
  }

  async function decide(): Promise<Problem | undefined> {
    if (!loaded.value) return undefined
    const { version, files } = loaded.value
    const paths = files.flatMap(({ path }) => (taken.value.has(path) ? path : []))
    const refused = await save({ takeFromDisk: paths, overwriteFile: paths.length < files.length, ifVersion: version })
    // The refusal can mean that the files have changed again.
    if (refused) void load()
    return refused
  }

  return { open, files: computed(() => loaded.value?.files), problem, taken, load, choose, decide }
}

export type FilesOnDisk = ReturnType<typeof useFilesOnDisk>
