import { inject } from 'vue'
import { backendKey } from '../graphql/client.ts'
import type { Backend } from '../graphql/client.ts'

/** The connection to the server that main.ts provides. */
export function useBackend(): Backend {
  const backend = inject(backendKey)
  if (!backend) throw new Error('No backend was provided to the app')
  return backend
}
