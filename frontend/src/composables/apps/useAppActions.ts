import { useToast } from '@nuxt/ui/composables'
import { ref } from 'vue'
import { createApp, removeApp, startApp, stopApp, updateApp } from '../../graphql/documents/apps.ts'
import type { CreateAppInput, RemoveAppInput, UpdateAppInput } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import type { OperationItem } from '../operations/useOperations.ts'
import { useOperations } from '../operations/useOperations.ts'

interface Named {
  id: string
  name: string
}

export type Begun = { ok: true; operation: OperationItem } | { ok: false; problem: Problem }

/** The actions on an app. Each starts an operation, which is followed until it ends and then reported in a toast. */
export function useAppActions() {
  const mutate = useMutate()
  const toast = useToast()
  const { announce } = useOperations()
  /** Ids of apps with a request in flight. */
  const busy = ref(new Set<string>())

  function begun(result: Outcome<OperationItem>): Begun {
    if (!result.ok) return result
    announce(result.data)
    return { ok: true, operation: result.data }
  }

  const take = <Data>(result: Outcome<Data>, pick: (data: Data) => { operation: OperationItem }): Outcome<OperationItem> =>
    result.ok ? { ok: true, data: pick(result.data).operation } : result

  async function create(nodeId: string, input: CreateAppInput): Promise<Begun> {
    return begun(take(await mutate(createApp, { nodeId, input }), (data) => data.createApp))
  }

  async function update(id: string, input: UpdateAppInput): Promise<Begun> {
    return begun(take(await mutate(updateApp, { id, input }), (data) => data.updateApp))
  }

  async function run(app: Named, verb: string, send: () => Promise<Outcome<OperationItem>>): Promise<OperationItem | undefined> {
    busy.value.add(app.id)
    const result = begun(await send())
    busy.value.delete(app.id)
    if (result.ok) return result.operation
    toast.add({ title: `${app.name} could not be ${verb}`, description: result.problem.message, color: 'error', icon: 'i-lucide-circle-x' })
    return undefined
  }

  const start = (app: Named) => run(app, 'started', async () => take(await mutate(startApp, { id: app.id }), (data) => data.startApp))
  const stop = (app: Named) => run(app, 'stopped', async () => take(await mutate(stopApp, { id: app.id }), (data) => data.stopApp))
  const remove = (app: Named, input: RemoveAppInput) =>
    run(app, 'removed', async () => take(await mutate(removeApp, { id: app.id, input }), (data) => data.removeApp))

  return { busy, create, update, start, stop, remove }
}
