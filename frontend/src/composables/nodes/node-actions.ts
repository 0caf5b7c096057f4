import {
  checkNode,
  cordonNode,
  endMaintenance,
  removeNode,
  rotateNodeKey,
  startMaintenance,
  uncordonNode,
  updateNode,
} from '../../graphql/documents/node-changes.ts'
import { picked } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import type { ResultToast } from '../shared/useResultToasts.ts'
import { checkResult, checkToastId } from './check-result.ts'
import type { NodeAction } from './node-action.ts'

/** Sends a mutation and says how to report its success. */
const told = async <Data>(sent: Promise<Outcome<Data>>, tell: (data: Data) => ResultToast): Promise<Outcome<ResultToast>> =>
  picked(await sent, tell)

/**
 * Everything that can be done to a node, in the order of the menu. A new action is one entry here and its mutation in
 * `graphql/documents/node-changes.ts`.
 */
export const nodeActions = {
  check: {
    label: 'Check now',
    icon: 'i-lucide-heart-pulse',
    permission: 'node.check',
    place: 'button',
    inLists: true,
    run: (mutate, node) => told(mutate(checkNode, { id: node.id }), (data) => checkResult(node, data.checkNode)),
    refused: ({ id, name }) => ({ id: checkToastId(id), title: `${name} could not be checked` }),
  },
  uncordon: {
    label: 'Uncordon',
    icon: 'i-lucide-circle-check',
    permission: 'node.hold',
    place: 'holds',
    inSight: true,
    applies: ({ cordon }, isSecondary) => cordon !== null && !isSecondary,
    run: (mutate, { id, name }) => told(mutate(uncordonNode, { id }), () => ({ title: `${name} takes new apps again` })),
    refused: ({ name }) => ({ title: `${name} is still cordoned` }),
  },
  cordon: {
    label: 'Cordon',
    icon: 'i-lucide-ban',
    permission: 'node.hold',
    place: 'holds',
    inSight: true,
    applies: ({ cordon }, isSecondary) => cordon === null && !isSecondary,
    dialog: 'hold',
    question: ({ name }) => ({
      title: `Cordon ${name}`,
      text: 'No new apps can be created on it. Its apps keep running and can be changed.',
      confirmLabel: 'Cordon',
    }),
    run: (mutate, { id, name }, { reason }) => told(mutate(cordonNode, { id, reason }), () => ({ title: `${name} cordoned` })),
  },
  endMaintenance: {
    label: 'End maintenance',
    icon: 'i-lucide-bell',
    permission: 'node.hold',
    place: 'holds',
    inSight: true,
    applies: ({ maintenance }, isSecondary) => maintenance !== null && !isSecondary,
    run: (mutate, { id, name }) => told(mutate(endMaintenance, { id }), () => ({ title: `Maintenance of ${name} ended` })),
    refused: ({ name }) => ({ title: `${name} is still in maintenance` }),
  },
  startMaintenance: {
    label: 'Start maintenance',
    icon: 'i-lucide-wrench',
    permission: 'node.hold',
    place: 'holds',
    inSight: true,
    applies: ({ maintenance }, isSecondary) => maintenance === null && !isSecondary,
    dialog: 'hold',
    timed: true,
    question: ({ name }) => ({
      title: `Put ${name} into maintenance`,
      text: 'Health checks continue and keep its status current, but it raises no alarms.',
      confirmLabel: 'Start maintenance',
    }),
    run: (mutate, { id, name }, input) =>
      told(mutate(startMaintenance, { id, ...input }), () => ({
        title: `${name} is in maintenance`,
        description: 'Health checks continue without alarms.',
      })),
  },
  edit: {
    label: 'Edit',
    icon: 'i-lucide-pencil',
    permission: 'node.change',
    place: 'changes',
    inSight: true,
    inLists: true,
    dialog: 'edit',
    run: (mutate, { id }, input) => told(mutate(updateNode, { id, input }), (data) => ({ title: `${data.updateNode.name} saved` })),
  },
  rotateKey: {
    label: 'Rotate key',
    icon: 'i-lucide-key-round',
    permission: 'node.change',
    place: 'changes',
    applies: ({ isPrimary }) => !isPrimary,
    dialog: 'confirm',
    question: ({ name }) => ({
      title: `Rotate the key of ${name}?`,
      text: 'The node and this server agree on a new key without interruption. Both keys work during the change, then the old one stops working.',
      confirmLabel: 'Rotate key',
      color: 'primary',
    }),
    run: (mutate, { id, name }) =>
      told(mutate(rotateNodeKey, { id }), () => ({
        title: `${name} has a new key`,
        description: 'The old key no longer works.',
        icon: 'i-lucide-key-round',
      })),
  },
  remove: {
    label: 'Remove',
    icon: 'i-lucide-trash-2',
    color: 'error',
    permission: 'node.change',
    place: 'removal',
    inSight: true,
    inLists: true,
    applies: ({ isPrimary }) => !isPrimary,
    endsNode: true,
    dialog: 'confirm',
    question: ({ name }) => ({
      title: `Remove ${name}?`,
      text: 'This server deletes what it knows about the node: its address, its key and its last report.',
      note: 'Nothing is removed from the node itself. Its apps, containers, volumes and files stay, and the apps keep running. Register it again to manage them from here.',
      confirmLabel: 'Remove node',
    }),
    run: (mutate, { id, name }) =>
      told(mutate(removeNode, { id }), () => ({ title: `${name} removed`, description: 'Its apps keep running.' })),
  },
} satisfies Record<string, NodeAction>

export type NodeActionName = keyof typeof nodeActions
