import type { UpdateNodeInput } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import type { Action, Question, Sends } from '../shared/action.ts'
import type { ResultToast } from '../shared/useResultToasts.ts'

export interface HoldInput {
  reason: string | null
  /** Null: until someone ends it. */
  until: string | null
}

interface Basics extends Action {
  /** A button of its own, or a part of the menu. */
  place: 'button' | 'holds' | 'changes' | 'removal'
  /** On the Nodes page too, not only on the node's own. */
  inLists?: true
  /** `isSecondary`: this is a secondary's dashboard, which shows only the secondary itself. */
  applies?: (node: NodeItem, isSecondary: boolean) => boolean
  /** The page shows by itself that it was done, so no toast says it. */
  inSight?: true
  /** After this, the node's page no longer exists. */
  endsNode?: true
}

/** Resolves to what there is to say of its success. */
export type SendsAndTells<Input> = Sends<NodeItem, Input, ResultToast>

/** Runs as soon as it is chosen. */
interface ImmediateAction extends Basics, SendsAndTells<void> {
  dialog?: undefined
  refused: (node: NodeItem) => ResultToast
}
/** Asks a question that has no fields. */
interface ConfirmedAction extends Basics, SendsAndTells<void> {
  dialog: 'confirm'
  question: (node: NodeItem) => Question
}
/** Asks why, and if `timed`, until when. */
interface HoldAction extends Basics, SendsAndTells<HoldInput> {
  dialog: 'hold'
  question: (node: NodeItem) => Question
  timed?: true
}
interface EditAction extends Basics, SendsAndTells<UpdateNodeInput> {
  dialog: 'edit'
}
export type NodeAction = ImmediateAction | ConfirmedAction | HoldAction | EditAction
