import { computed } from 'vue'
import type { InviteUserInput, UpdateUserInput } from '../../graphql/generated/graphql.ts'
import type { InvitationItem, NewInvitationItem, UserItem } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import {
  endUserSessions,
  inviteUser,
  removeUser,
  resetSecondFactor,
  updateUser,
  usersChanged,
  usersQuery,
  withdrawInvitation,
} from '../../graphql/documents/users.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, refusalIn, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

/** What can be done with a person. */
export type UserAct = 'role' | 'sessions' | 'second-factor' | 'remove'
export interface ChosenUser {
  user: UserItem
  what: UserAct
}
export type Users = ReturnType<typeof useUsers>

/** The people who can sign in, and the invitations that are open, live: each change makes the cache load both again. */
export function useUsers() {
  const { state, data, problem, retry } = useLiveQuery(usersQuery, {})
  useEvents(usersChanged, {})
  const mutate = useMutate()

  async function update({ id }: UserItem, input: UpdateUserInput): Promise<Problem | undefined> {
    return refusalIn(await mutate(updateUser, { id, input }))
  }

  async function endSessions({ id }: UserItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(endUserSessions, { id }))
  }

  async function resetApp({ id }: UserItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(resetSecondFactor, { id }))
  }

  async function remove({ id }: UserItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(removeUser, { id }))
  }

  async function invite(input: InviteUserInput): Promise<Outcome<NewInvitationItem>> {
    return picked(await mutate(inviteUser, { input }), (made) => made.inviteUser)
  }

  async function withdraw({ id }: InvitationItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(withdrawInvitation, { id }))
  }

  const users = computed(() => data.value?.users ?? [])
  const invitations = computed(() => data.value?.invitations ?? [])
  return { state, users, invitations, problem, retry, update, endSessions, resetApp, remove, invite, withdraw }
}
