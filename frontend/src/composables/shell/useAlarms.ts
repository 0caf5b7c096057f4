import { computed, inject, provide, shallowRef } from 'vue'
import type { InjectionKey } from 'vue'
import { alarmsChanged } from '../../graphql/documents/alarms.ts'
import type { AlarmItem } from '../../graphql/items.ts'
import { useEvents } from '../shared/useEvents.ts'

type Alarms = ReturnType<typeof provideAlarms>
const alarmsKey: InjectionKey<Alarms> = Symbol('alarms')

/**
 * The open alarms, live, for the whole dashboard. Called once, by the shell. An alarm is a problem that someone should look into
 * now. A fact to know about a node, on its page and beside its name, is a condition: see `node-marks.ts`.
 */
export function provideAlarms() {
  const alarms = shallowRef<AlarmItem[]>([])
  useEvents(alarmsChanged, {}, (data) => (alarms.value = data.alarmsChanged))

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
