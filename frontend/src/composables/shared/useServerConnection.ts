import { inject } from 'vue'
import { serverConnectionKey } from '../../graphql/server-connection.ts'
import type { ServerConnection } from '../../graphql/server-connection.ts'

/** The connection to the server that main.ts provides. */
export function useServerConnection(): ServerConnection {
  const connection = inject(serverConnectionKey)
  if (!connection) throw new Error('No connection was provided to the app')
  return connection
}
