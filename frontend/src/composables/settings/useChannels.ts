import { computed } from 'vue'
import { useDebounceFn } from '@vueuse/core'
import {
  createNotificationChannel,
  notificationChannelsQuery,
  notificationsChanged,
  removeNotificationChannel,
  testNotificationChannel,
  updateNotificationChannel,
} from '../../graphql/documents/settings.ts'
import type { NotificationChannelInput, NotificationChannelKind } from '../../graphql/generated/graphql.ts'
import type { ChannelItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { refusalIn, useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Many messages often go out together. */
const readAgainAfterMs = 500

/** To whom alarms go. Secrets are sent and never shown. */
export function useChannels() {
  const { state, data, problem, retry } = useLiveQuery(notificationChannelsQuery, {})
  const readSoon = useDebounceFn(retry, readAgainAfterMs, { maxWait: 3 * readAgainAfterMs })
  useEvents(notificationsChanged, {}, () => void readSoon())
  const mutate = useMutate()
  const { succeeded, failed } = useResultToasts()

  /** Both resolve to the server's refusal, if any. Without an id, adds a channel. */
  async function save(
    id: string | undefined,
    kind: NotificationChannelKind,
    input: NotificationChannelInput,
  ): Promise<Problem | undefined> {
    const outcome = id ? await mutate(updateNotificationChannel, { id, input }) : await mutate(createNotificationChannel, { kind, input })
    return refusalIn(outcome)
  }
  const remove = async ({ id }: ChannelItem): Promise<Problem | undefined> => refusalIn(await mutate(removeNotificationChannel, { id }))

  async function test({ id, name }: ChannelItem): Promise<void> {
    const outcome = await mutate(testNotificationChannel, { id })
    if (!outcome.ok) return failed({ title: `No test for ${name}`, description: outcome.problem.message })
    const { state: how, error } = outcome.data.testNotificationChannel
    if (how === 'SENT') succeeded({ title: `Test sent to ${name}`, description: 'The receiver took it.' })
    else failed({ title: `The test for ${name} did not arrive`, description: error ?? '' })
  }

  return { state, channels: computed(() => data.value?.notificationChannels ?? []), problem, retry, save, remove, test }
}
