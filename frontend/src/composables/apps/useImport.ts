import { shallowRef } from 'vue'
import { importApp, importPreviewQuery } from '../../graphql/documents/import.ts'
import type { ImportAppInput } from '../../graphql/generated/graphql.ts'
import type { ImportPreview } from '../../graphql/items.ts'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useOperations } from '../operations/useOperations.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { picked, useMutate } from '../shared/useMutate.ts'

/** Shows what a Compose project would be as an app, and makes it one. */
export function useImport() {
  const { client } = useServerConnection()
  const mutate = useMutate()
  const { announce } = useOperations()
  const preview = shallowRef<ImportPreview>()
  const problem = shallowRef<Problem>()
  let newest = 0

  async function look(nodeId: string, input: ImportAppInput): Promise<void> {
    const own = ++newest
    const { data, error } = await client.query(importPreviewQuery, { nodeId, input }, { requestPolicy: 'network-only' }).toPromise()
    if (own !== newest) return
    problem.value = error ? toProblem(error) : undefined
    preview.value = data?.importPreview
  }

  async function take(nodeId: string, input: ImportAppInput) {
    const outcome = picked(await mutate(importApp, { nodeId, input }), (data) => data.importApp.operation)
    if (outcome.ok) announce(outcome.data)
    return outcome
  }

  return { preview, problem, look, take }
}
