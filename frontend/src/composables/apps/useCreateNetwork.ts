import { ref } from 'vue'
import { createNetworkMutation } from '../../graphql/documents/networks.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** Creates a network that a Compose file names as external and its node lacks. */
export function useCreateNetwork(nodeId: () => string, onCreated: () => void) {
  const mutate = useMutate()
  const { failed } = useResultToasts()
  /** The name of the network that is being created. */
  const creating = ref<string>()

  async function create(name: string): Promise<void> {
    creating.value = name
    const result = await mutate(createNetworkMutation, { nodeId: nodeId(), name })
    creating.value = undefined
    if (!result.ok) return failed({ title: `The network ${name} could not be created`, description: result.problem.message })
    onCreated()
  }

  return { creating, create }
}
