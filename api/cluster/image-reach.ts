import type { ImageAnswer } from '../registries/image-answers.ts'
import type { RegistryLogin } from '../registries/registry-credentials.ts'
import { missingCapabilities } from './members/node-about.ts'
import type { NodeAddress, NodeRegistry } from './members/node-registry.ts'
import { calls } from './node-calls.ts'
import type { NodeClient } from './transport/node-client.ts'

/** How a primary and its nodes reach each other about images. */
export function createImageReach(deps: {
  client: NodeClient
  addressOf: (id: string) => NodeAddress
  registry: Pick<NodeRegistry, 'find'>
  self: { isPrimary: boolean; apiKey: string }
  /** Null on a primary. */
  primaryUrl: () => string | null
}) {
  const { client, addressOf } = deps

  return {
    /** Whether a node can be asked and told now. */
    canCall(nodeId: string): boolean {
      const node = deps.registry.find(nodeId)
      return deps.self.isPrimary && node?.health.status === 'online' && !missingCapabilities(node.about).includes('image-updates')
    },

    askNode: (nodeId: string, question: { image: string; platform: string; digests: string[] }): Promise<ImageAnswer> =>
      client.call(addressOf(nodeId), calls.askRegistry, question),

    async tellNode(nodeId: string, answers: ImageAnswer[]): Promise<void> {
      await client.call(addressOf(nodeId), calls.learnImages, { answers })
    },

    /** From the primary. @throws NODE_UNREACHABLE */
    async fetchLogins(registries: string[]): Promise<RegistryLogin[]> {
      const apiEndpoint = deps.primaryUrl()
      if (apiEndpoint === null) return []
      const primary = { id: 'primary', name: 'the primary', apiEndpoint, apiKey: deps.self.apiKey }
      return client.call(primary, calls.registryLogins, { registries: registries.join(',') })
    },
  }
}
