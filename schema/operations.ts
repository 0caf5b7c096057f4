import type { ComposeProblem } from '../api/apps/compose-problem.ts'
import { operationKinds, operationStatuses, type Operation } from '../api/apps/operation.ts'
import { operationActions } from '../api/user/operations.ts'
import { action, builder, costOfPage, costOfText } from './builder.ts'
import { upperCased } from './enum-values.ts'
import { AppOperationRef } from './apps.ts'
import { isAmong, page } from './page.ts'
import { OperationRef } from './refs.ts'

const OperationKind = builder.enumType('OperationKind', {
  values: upperCased(operationKinds, { unknown: 'A kind from another version.' }),
})

const OperationStatus = builder.enumType('OperationStatus', { values: upperCased(operationStatuses) })

export const ComposeProblemRef = builder.objectRef<ComposeProblem>('ComposeProblem').implement({
  description: 'An error or a warning about a Compose file.',
  fields: (t) => ({
    message: t.exposeString('message'),
    file: t.exposeString('file', { nullable: true, description: "Null for the app's own Compose file." }),
    line: t.exposeInt('line', { nullable: true }),
    column: t.exposeInt('column', { nullable: true }),
    service: t.exposeString('service', { nullable: true }),
  }),
})

OperationRef.implement({
  description: "A slow action on an app, run on the app's node.",
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: OperationKind, resolve: (operation) => operation.kind }),
    status: t.field({ type: OperationStatus, resolve: (operation) => operation.status }),
    progress: t.exposeInt('progress', { description: '0 to 100. Only a succeeded operation has 100.' }),
    message: t.exposeString('message', { nullable: true }),
    output: t.exposeStringList('output', {
      description: 'The last 500 lines that Compose printed, oldest first. If there were more, the first line says how many are missing.',
      complexity: { field: costOfText, multiplier: 1 },
    }),
    warnings: t.field({
      type: [ComposeProblemRef],
      description: 'Warnings from Compose, such as unset variables. At most 50.',
      complexity: { field: costOfText, multiplier: 1 },
      resolve: (operation) => operation.warnings,
    }),
    error: t.exposeString('error', { nullable: true }),
    appId: t.exposeID('appId', { nullable: true }),
    appName: t.exposeString('appName', { nullable: true }),
    nodeId: t.exposeID('nodeId'),
    createdAt: t.field({ type: 'DateTime', resolve: (operation) => operation.createdAt }),
    startedAt: t.field({ type: 'DateTime', nullable: true, resolve: (operation) => operation.startedAt }),
    finishedAt: t.field({ type: 'DateTime', nullable: true, resolve: (operation) => operation.finishedAt }),
  }),
})

const OperationConnection = builder.connectionObject({ type: OperationRef, name: 'OperationConnection' }, { name: 'OperationEdge' })

const OperationFilter = builder.inputType('OperationFilter', {
  fields: (t) => ({
    nodeIds: t.idList(),
    appId: t.id(),
    status: t.field({ type: [OperationStatus] }),
    kind: t.field({ type: [OperationKind] }),
    latest: t.boolean({ description: 'Only the newest of each app.' }),
  }),
})

const sortKey = (operation: Operation): string => `${operation.createdAt.toISOString()} ${operation.id}`

builder.queryFields((t) => ({
  operation: t.field({
    type: OperationRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.operations.find(id) ?? null,
  }),
  operations: t.field({
    type: OperationConnection,
    complexity: costOfPage,
    description: 'Newest first.',
    args: { ...t.arg.connectionArgs(), filter: t.arg({ type: OperationFilter }) },
    resolve(_root, { filter, ...args }, { user }) {
      const [isOnNode, isOfStatus, isOfKind] = [isAmong(filter?.nodeIds), isAmong(filter?.status), isAmong(filter?.kind)]
      const found = (filter?.latest ? user.operations.latest() : user.operations.list())
        .filter((operation) => isOnNode(operation.nodeId) && isOfStatus(operation.status) && isOfKind(operation.kind))
        .filter((operation) => !filter?.appId || operation.appId === filter.appId)
      return page(found, args, sortKey, true)
    },
  }),
}))

builder.mutationFields((t) => ({
  retryOperation: t.field({
    type: AppOperationRef,
    ...action(operationActions.retryOperation),
    description:
      'Does an operation again that failed, was cancelled or interrupted, as a new operation. CONFLICT while it runs and after it succeeded.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.operations.retry(id),
  }),
  cancelOperation: t.field({
    type: OperationRef,
    ...action(operationActions.cancelOperation),
    description: 'Cancels a queued or running operation. One that has ended stays as it is.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.operations.cancel(id),
  }),
}))

builder.subscriptionFields((t) => ({
  operationProgress: t.field({
    type: OperationRef,
    description: 'The current state, then each change. Completes after the final state, even if that was long ago.',
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { user }) => user.operations.watch(id),
    resolve: (operation) => operation,
  }),
}))
