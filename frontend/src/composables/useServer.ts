import { computed, inject, provide } from 'vue'
import type { InjectionKey } from 'vue'
import { serverQuery } from '../graphql/server.ts'
import { useLiveQuery } from './useLiveQuery.ts'

export type ServerInfo = ReturnType<typeof provideServer>
const serverKey: InjectionKey<ServerInfo> = Symbol('server')

/** Asks once for the whole dashboard which server this is and who is asking. Called by the app. */
export function provideServer() {
  const { state, data, problem, retry } = useLiveQuery(serverQuery, {})
  const info = {
    state,
    problem,
    retry,
    server: computed(() => data.value?.server),
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
