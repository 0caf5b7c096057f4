import { useToast } from '@nuxt/ui/composables'
import { ref } from 'vue'
import type { RegisterNodeInput, UpdateNodeInput } from '../../graphql/generated/graphql.ts'
import { checkNode, registerNode, removeNode, rotateNodeKey, updateNode } from '../../graphql/documents/nodes.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { NodeItem } from './useNodes.ts'

/** The actions on a node. Each reports its result in a toast. Forms get the problem back to show it at their fields. */
export function useNodeActions() {
  const mutate = useMutate()
  const toast = useToast()
  /** Ids of nodes with a health check in flight. */
  const checking = ref(new Set<string>())

  async function register(input: RegisterNodeInput): Promise<Problem | undefined> {
    const result = await mutate(registerNode, { input })
    if (!result.ok) return result.problem
    const node = result.data.registerNode
    const description = node.status === 'ONLINE' ? 'It is online.' : (node.statusReason ?? 'It has not answered yet.')
    toast.add({
      title: `${node.name} registered`,
      description,
      color: node.status === 'ONLINE' ? 'success' : 'warning',
      icon: 'i-lucide-server',
    })
    return undefined
  }

  async function update(id: string, input: UpdateNodeInput): Promise<Problem | undefined> {
    const result = await mutate(updateNode, { id, input })
    if (!result.ok) return result.problem
    toast.add({ title: `${result.data.updateNode.name} saved`, color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  async function remove(node: NodeItem): Promise<Problem | undefined> {
    const result = await mutate(removeNode, { id: node.id })
    if (!result.ok) return result.problem
    toast.add({ title: `${node.name} removed`, description: 'Its apps keep running.', color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  async function rotateKey({ id, name }: NodeItem): Promise<Problem | undefined> {
    const result = await mutate(rotateNodeKey, { id })
    if (!result.ok) return result.problem
    toast.add({ title: `${name} has a new key`, description: 'The old key no longer works.', color: 'success', icon: 'i-lucide-key-round' })
    return undefined
  }

  async function check(node: NodeItem): Promise<void> {
    checking.value.add(node.id)
    const result = await mutate(checkNode, { id: node.id })
    checking.value.delete(node.id)
    // One toast per node: a later check replaces the earlier result.
    const id = `check-${node.id}`
    if (!result.ok) {
      toast.add({
        id,
        title: `${node.name} could not be checked`,
        description: result.problem.message,
        color: 'error',
        icon: 'i-lucide-circle-x',
      })
      return
    }
    const { ok, error, durationMs } = result.data.checkNode
    if (ok) toast.add({ id, title: `${node.name} answered in ${durationMs} ms`, color: 'success', icon: 'i-lucide-circle-check' })
    else
      toast.add({
        id,
        title: `${node.name} failed its health check after ${durationMs} ms`,
        description: error ?? undefined,
        color: 'error',
        icon: 'i-lucide-circle-x',
      })
  }

  return { checking, register, update, remove, rotateKey, check }
}
