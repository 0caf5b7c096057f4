import { computed, watch } from 'vue'
import { backupsQuery, makeBackup } from '../../graphql/documents/settings.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { refusalIn, useMutate } from '../shared/useMutate.ts'
import { useServerInfo } from '../shared/useServerInfo.ts'

/** The backups of the node that answers. */
export function useBackups() {
  const { state, data, problem, retry } = useLiveQuery(backupsQuery, {})
  const { server } = useServerInfo()
  const mutate = useMutate()
  /** The server tells when one begins and ends. Which files there are is asked then. */
  const progress = computed(() => server.value?.backup ?? data.value?.backups.state)
  watch(
    () => [progress.value?.runningSince, progress.value?.failure?.at],
    () => retry(),
  )

  const make = async (): Promise<Problem | undefined> => refusalIn(await mutate(makeBackup, {}))

  return { state, backups: computed(() => data.value?.backups), progress, problem, retry, make }
}
