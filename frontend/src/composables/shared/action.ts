import type { Mutate, Outcome } from './useMutate.ts'
import type { Permission } from './usePermissions.ts'

/** What an action on an app or a node declares about its button or menu item. */
export interface Action {
  label: string
  icon: string
  /** For an action that removes something. */
  color?: 'error'
  permission: Permission
}

/** The mutation it sends, and what its answer becomes. `Input` is what people entered in its dialog. */
export interface Sends<Item, Input, Result> {
  run: (mutate: Mutate, item: Item, input: Input) => Promise<Outcome<Result>>
}

/** What a dialog asks before the action runs. */
export interface Question {
  title: string
  text: string
  /** Less important, so shown in muted color. */
  note?: string
  confirmLabel: string
  color?: 'error' | 'primary'
}
