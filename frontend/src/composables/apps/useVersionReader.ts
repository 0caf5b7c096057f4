import { appVersionQuery } from '../../graphql/documents/app-versions.ts'
import type { VersionDetail } from '../../graphql/items.ts'
import { emptyAnswer, toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Reads one version of an app with its contents, which its node sends when asked. */
export function useVersionReader(appId: () => string) {
  const { client } = useServerConnection()

  return async (number: number): Promise<VersionDetail | Problem> => {
    const { data, error } = await client.query(appVersionQuery, { appId: appId(), number }, { requestPolicy: 'network-only' }).toPromise()
    if (error) return toProblem(error)
    return data?.appVersion ?? { ...emptyAnswer, message: `Version ${number} is no longer kept.` }
  }
}
