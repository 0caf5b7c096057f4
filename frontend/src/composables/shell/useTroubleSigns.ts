import { useFavicon } from '@vueuse/core'
import { computed } from 'vue'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useAlarms } from './useAlarms.ts'

/** What the tab of the browser says before somebody looks: how many alarms there are, or that nothing is known any more. */
export function useTroubleSigns() {
  const { alarms } = useAlarms()
  const { connection } = useServerConnection()
  useFavicon(computed(() => (alarms.value.length > 0 ? '/favicon-trouble.svg' : '/favicon.svg')))
  return {
    isStale: computed(() => connection.value === 'lost'),
    titled: (title: string): string =>
      connection.value === 'lost' ? `(?) ${title}` : alarms.value.length > 0 ? `(${alarms.value.length}) ${title}` : title,
  }
}
