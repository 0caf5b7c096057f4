import { computed } from 'vue'
import { registryCredentialsQuery, setRegistryCredential } from '../../graphql/documents/settings.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

export interface RegistryLogin {
  registry: string
  username: string
  password: string
}

/** How this cluster signs in to registries of images. Passwords are sent and never shown. */
export function useRegistries() {
  const { state, data, problem, retry } = useLiveQuery(registryCredentialsQuery, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  /** Both resolve to the server's refusal, if any. */
  const save = async (login: RegistryLogin): Promise<Problem | undefined> =>
    refusalOf(await mutate(setRegistryCredential, { ...login }), {
      title: `Login for ${login.registry} saved`,
      description: 'Nodes that pull from there fetch it.',
    })
  const remove = async (registry: string): Promise<Problem | undefined> =>
    refusalOf(await mutate(setRegistryCredential, { registry }), { title: `Login for ${registry} removed` })

  return { state, registries: computed(() => data.value?.registryCredentials ?? []), problem, retry, save, remove }
}
