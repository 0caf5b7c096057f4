import { computed } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { NodeItem } from '../../graphql/items.ts'
import { plural } from '../../utils/shared/format.ts'
import { useBatch } from '../shared/useBatch.ts'
import type { Fate } from '../shared/useBatch.ts'
import { useChoice } from '../shared/useChoice.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { usePermissions } from '../shared/usePermissions.ts'
import type { ResultToast } from '../shared/useResultToasts.ts'
import { useServerInfo } from '../shared/useServerInfo.ts'
import { nodeActions } from './node-actions.ts'
import type { NodeAction } from './node-action.ts'

const names = ['check', 'cordon', 'uncordon'] as const
export type BulkNodeActionName = (typeof names)[number]

const already: Record<BulkNodeActionName, string> = { check: '', cordon: 'It is cordoned already', uncordon: 'It is not cordoned' }

/** A check of a node that does not answer is no refusal, but it failed. */
function fateOf(outcome: Outcome<ResultToast>): Fate {
  if (!outcome.ok) return { refusal: outcome.problem.message }
  const { title, description, color } = outcome.data
  return color === 'error' || color === 'warning' ? { refusal: description ?? title } : { told: description ?? title }
}

/** Does one thing to several nodes, with an outcome for each. */
export function useBulkNodeActions(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const choice = useChoice(nodes, ({ id }) => id)
  const { batch, running, start, close } = useBatch()
  const mutate = useMutate()
  const { can } = usePermissions()
  const { isSecondary } = useServerInfo()

  function send(name: BulkNodeActionName, node: NodeItem): Promise<Outcome<ResultToast>> {
    if (name === 'cordon') return nodeActions.cordon.run(mutate, node, { reason: null, until: null })
    return nodeActions[name].run(mutate, node)
  }

  async function run(name: BulkNodeActionName): Promise<void> {
    const waiting = choice.selected.value
    choice.clear()
    const { label, applies }: NodeAction = nodeActions[name]
    await start(
      `${label}: ${plural(waiting.length, 'node')}`,
      waiting,
      (node) => ({ key: node.id, name: node.name, to: `/nodes/${node.id}` }),
      async (node) => (applies?.(node, isSecondary.value) === false ? { refusal: already[name] } : fateOf(await send(name, node))),
    )
  }

  const offered = computed(() =>
    names.map((name) => ({ name, ...nodeActions[name] })).filter(({ permission }) => can(permission) && !isSecondary.value),
  )
  return { ...choice, offered, running, run, batch, close }
}
