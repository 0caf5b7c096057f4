import { computed, inject, onScopeDispose, provide, shallowRef, watch } from 'vue'
import type { InjectionKey } from 'vue'
import { serverQuery } from '../graphql/server.ts'
import { useBackend } from './useBackend.ts'
import { useLiveQuery } from './useLiveQuery.ts'

export type ServerInfo = ReturnType<typeof provideServer>
const serverKey: InjectionKey<ServerInfo> = Symbol('server')

/** What is shown depends on the answer, so without one it is asked again after this. */
const askAgainMs = 3000

/** Asks once for the whole dashboard which server this is and who is asking. Called by the app. */
export function provideServer() {
  const { access } = useBackend()
  const { data, problem, retry } = useLiveQuery(serverQuery, {})
  /** Whether there was an answer, or none was to be had. */
  const settled = shallowRef(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  watch([data, problem], () => {
    clearTimeout(timer)
    if (data.value || problem.value) settled.value = true
    // Who is to sign in does so on a page that asks by itself.
    if (problem.value && !data.value && access.value === 'granted') timer = setTimeout(retry, askAgainMs)
  })
  onScopeDispose(() => clearTimeout(timer))

  const info = {
    settled,
    retry,
    server: computed(() => data.value?.server),
    /** A secondary has the dashboard of its own apps alone. */
    isSecondary: computed(() => data.value?.server.isPrimary === false),
    viewer: computed(() => data.value?.viewer ?? undefined),
  }
  provide(serverKey, info)
  return info
}

/** Which server this is, and who may reach it. */
export function useServer(): ServerInfo {
  const info = inject(serverKey)
  if (!info) throw new Error('provideServer was not called above')
  return info
}
