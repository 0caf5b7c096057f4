import type { Permission } from './permissions.ts'

/** Targets that callers see only on their own nodes. `new node`: a node that this action adds. */
export type TargetKind = 'node' | 'new node' | 'app' | 'operation'

/**
 * An action that a person can take, declared once: with the call between nodes that carries it out, or else beside its function in
 * `user/`. From this come the permission check, the lines in the audit log for allowed and refused calls, on the primary and on the
 * node that acts, and who can call the mutation.
 */
export interface Action {
  /** In the audit log, such as `app.create`. */
  word: string
  permission: Permission
  /** What its target is. For a target that the caller does not see, the action fails with NOT_FOUND. */
  on?: TargetKind
}

/** The target as the call names it. */
export interface Named {
  id?: string | null | undefined
  /** Its name, if the call gives one. */
  subject?: string | null | undefined
}

/** The columns of the audit log that name a target. Only what the call says, so it reveals nothing to a refused caller. */
export function columnsOf({ word, on }: Action, { id = null, subject = null }: Named) {
  if (on === 'app') return { action: word, appId: id, subject }
  if (on === 'node' || on === 'new node') return { action: word, nodeId: id, subject }
  return { action: word, subject: subject ?? id }
}
