import { setAppSchedules } from '../../graphql/documents/app-changes.ts'
import type { AppScheduleInput } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useMutate } from '../shared/useMutate.ts'

/** Saves an app's schedules, always all of them. Resolves to the server's refusal, if any. */
export function useSchedules() {
  const mutate = useMutate()
  return async (id: string, schedules: AppScheduleInput[]): Promise<Problem | undefined> => {
    const list = schedules.map(({ action, cron, timeZone, enabled }) => ({ action, cron, timeZone, enabled: enabled ?? true }))
    const result = await mutate(setAppSchedules, { id, schedules: list })
    return result.ok ? undefined : result.problem
  }
}
