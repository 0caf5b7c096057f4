import { computed } from 'vue'
import { registryCredentialsQuery, setRegistryCredential } from '../../graphql/documents/settings.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { refusalIn, useMutate } from '../shared/useMutate.ts'

export interface RegistryLogin {
  registry: string
  username: string
  password: string
}

/** How this cluster signs in to registries of images. Passwords are sent and never shown. */
export function useRegistries() {
  const { state, data, problem, retry } = useLiveQuery(registryCredentialsQuery, {})
  const mutate = useMutate()

  /** Both resolve to the server's refusal, if any. */
  const save = async (login: RegistryLogin): Promise<Problem | undefined> => refusalIn(await mutate(setRegistryCredential, { ...login }))
  const remove = async (registry: string): Promise<Problem | undefined> => refusalIn(await mutate(setRegistryCredential, { registry }))

  return { state, registries: computed(() => data.value?.registryCredentials ?? []), problem, retry, save, remove }
}
