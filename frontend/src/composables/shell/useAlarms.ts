import { computed, inject, onScopeDispose, provide, shallowRef } from 'vue'
import type { InjectionKey } from 'vue'
import { alarmsChanged } from '../../graphql/documents/alarms.ts'
import type { AlarmsChangedSubscription } from '../../graphql/generated/graphql.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

export type AlarmItem = AlarmsChangedSubscription['alarmsChanged'][number]

type Alarms = ReturnType<typeof provideAlarms>
const alarmsKey: InjectionKey<Alarms> = Symbol('alarms')

/** The open alarms, live, for the whole dashboard. Called once, by the shell. */
export function provideAlarms() {
  const { client } = useServerConnection()
  const alarms = shallowRef<AlarmItem[]>([])
  const subscription = client.subscription(alarmsChanged, {}).subscribe(({ data }) => {
    if (data) alarms.value = data.alarmsChanged
  })
  onScopeDispose(() => subscription.unsubscribe())

  const info = {
    alarms,
    /** Set if most nodes were lost at once, which points to this server's own network. */
    network: computed(() => alarms.value.find(({ kind }) => kind === 'NETWORK_SUSPECTED')),
  }
  provide(alarmsKey, info)
  return info
}

export function useAlarms(): Alarms {
  const info = inject(alarmsKey)
  if (!info) throw new Error('provideAlarms was not called in a parent component')
  return info
}
